/**
 * `node node-process.ts OPTIONS` (JSON of NodeProcessOptions): a chat node that can be told, by a message to the process,
 * where to die. Otherwise what `chatcluster node` runs.
 */
import { openJournal, runProgram, startChatNode } from '@chat-cluster/app-chat-node';
import { readJournalAddress } from '@chat-cluster/app-chat-node/settings';
import type { EngineLimits, Report } from '@chat-cluster/engine';
import { assert } from '@chat-cluster/kernel';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { kafkaAddress } from '../../tools/services/kafka.ts';
import { type Arming, Fuse } from './fuse.ts';
import { fusedJournal } from './fused-journal.ts';
import { fusedLog, watchRequests } from './fused-log.ts';
import { Ticks, tickText } from './ticks.ts';

export type NodeProcessOptions = {
  /** The first broker's port on this machine. */
  readonly kafkaPort: number;
  /** Brokers, Cassandra nodes, and replicas of everything. Default 1. */
  readonly replicaCount?: number;
  /** As `--journal` takes it. */
  readonly journal: string;
  /** The same after a restart. */
  readonly name: string;
  readonly partitionCount: number;
  readonly limits?: Partial<EngineLimits>;
  /** Where to die, from the start on. */
  readonly arming?: Arming;
};

const options = JSON.parse(process.argv[2] ?? '{}') as NodeProcessOptions;
const ticks = new Ticks();
const fuse = new Fuse(() => tickText(ticks.count));
if (options.arming !== undefined) fuse.arm(options.arming);
watchRequests(fuse);
process.on('message', (told: Arming | 'tell-ticks') => {
  if (told !== 'tell-ticks') fuse.arm(told);
  else process.stderr.write(`${tickText(ticks.count)} as asked\n`);
});
// The test is gone: there is nobody to stop us later.
process.on('disconnect', () => process.exit(1));
await runProgram(startNode, (sentence) => process.stderr.write(`${sentence}\n`));

async function startNode(fail: (error: Error) => void) {
  const { kafkaPort, replicaCount = 1, name, limits, partitionCount } = options;
  const address = readJournalAddress(options.journal);
  assert(address !== undefined, 'A journal is addressed as --journal takes it.');
  const bootstrap = Array.from({ length: replicaCount }, (_, index) =>
    kafkaAddress(kafkaPort, index),
  );
  const node = await startChatNode({
    endpoint: { name, host: '127.0.0.1', port: 0 },
    workers: {
      kind: 'here',
      options: {
        groupId: 'chat',
        openLog: () => fusedLog(openKafkaLog({ bootstrap, clientId: name }), fuse),
        openJournal: async () =>
          fusedJournal(await openJournal(address, { replicationFactor: replicaCount }), fuse),
        partitionCount,
        replicationFactor: replicaCount,
        ...(limits && { limits }),
        report,
        onFatal: fail,
      },
    },
    httpPort: 0,
    management: { port: 0 },
    pageHtml: '',
    report,
  });
  process.stdout.write(`Ready: management ${node.managementPort}.\n`);
  return node;
}

/** Where NodePair looks for it. */
function report(...[level, sentence, facts]: Parameters<Report>): void {
  const details = Object.entries(facts ?? {}).map(([key, value]) => `${key}=${String(value)}`);
  const when = `${new Date().toISOString()} ${tickText(ticks.count)}`;
  process.stderr.write(`${when} ${level}: ${sentence} ${details.join(' ')}\n`);
}
