import { parseArgs } from 'node:util';
import { exitOnSignals } from '../tools/services/exit-on-signals.ts';
import { runChat } from './chat/run-chat.ts';
import { runHandOver } from './hand-over/run-hand-over.ts';
import { runPurchases } from './purchases/run-purchases.ts';
import { runQueries } from './queries/run-queries.ts';
import { runStart } from './start/run-start.ts';

const USAGE = `npm run bench -- chat --backend embedded|cluster [--messages 600000] [--conversations 1000] [--paced-seconds 60] [--rate 2000] [--profile]
npm run bench -- start [--messages 1000000]
npm run bench -- hand-over [--rounds 20] [--rate 2000] [--conversations 1000]
npm run bench -- purchases [--messages 1000000]
npm run bench -- queries [--rate 1000] [--rounds 20]

chat: preloads the messages, runs one node over them, then a paced load; and the same through a bare consume-transform-produce loop. --profile keeps where the node's time goes instead.
start: how long the embedded default takes until it is ready.
hand-over: two nodes on Kafka and Cassandra; one is killed, or stopped, and comes back, so many times each.
purchases: events a second of one and of two processors, by partitions, and a million users.
queries: one of three processors is asked for the users of the others, also while these stop and come back.
Results go to bench/results. Nothing else should run on the machine.
`;

const CHAT_MESSAGES = 600_000;
const PURCHASES = 1_000_000;
const QUERIES_PER_SECOND = 1_000;
const MESSAGES_PER_SECOND = 2_000;
const START_MESSAGES = 1_000_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    backend: { type: 'string', default: 'embedded' },
    messages: { type: 'string' },
    conversations: { type: 'string', default: '1000' },
    'paced-seconds': { type: 'string', default: '60' },
    rounds: { type: 'string', default: '20' },
    rate: { type: 'string' },
    profile: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

// All that a benchmark starts is killed when it exits.
exitOnSignals();

const [what] = positionals;
const { backend } = values;
if (values.help) {
  process.stdout.write(USAGE);
} else if (what === 'start') {
  await runStart({ messageCount: Number(values.messages ?? START_MESSAGES) });
} else if (what === 'purchases') {
  await runPurchases({ count: Number(values.messages ?? PURCHASES) });
} else if (what === 'queries') {
  await runQueries({
    ratePerSecond: Number(values.rate ?? QUERIES_PER_SECOND),
    handOvers: Number(values.rounds),
  });
} else if (what === 'hand-over') {
  await runHandOver({
    rounds: Number(values.rounds),
    ratePerSecond: Number(values.rate ?? MESSAGES_PER_SECOND),
    conversationCount: Number(values.conversations),
  });
} else if (what === 'chat' && (backend === 'embedded' || backend === 'cluster')) {
  await runChat({
    backend,
    messageCount: Number(values.messages ?? CHAT_MESSAGES),
    conversationCount: Number(values.conversations),
    pacedSeconds: Number(values['paced-seconds']),
    ratePerSecond: Number(values.rate ?? MESSAGES_PER_SECOND),
    profile: values.profile,
  });
} else {
  process.stderr.write(USAGE);
  process.exitCode = 2;
}
