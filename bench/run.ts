import { parseArgs } from 'node:util';
import { runChat } from './chat/run-chat.ts';

const USAGE = `npm run bench -- chat --backend embedded|cluster [--messages 600000] [--conversations 1000] [--paced-seconds 60] [--rate 2000]

Preloads the messages, runs one node over them, then a paced load; and the same through a bare consume-transform-produce loop.
Results go to bench/results. Nothing else should run on the machine.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    backend: { type: 'string', default: 'embedded' },
    messages: { type: 'string', default: '600000' },
    conversations: { type: 'string', default: '1000' },
    'paced-seconds': { type: 'string', default: '60' },
    rate: { type: 'string', default: '2000' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const { backend } = values;
if (values.help || positionals[0] !== 'chat' || (backend !== 'embedded' && backend !== 'cluster')) {
  process.stdout.write(USAGE);
  process.exitCode = values.help ? 0 : 2;
} else {
  await runChat({
    backend,
    messageCount: Number(values.messages),
    conversationCount: Number(values.conversations),
    pacedSeconds: Number(values['paced-seconds']),
    ratePerSecond: Number(values.rate),
  });
}
