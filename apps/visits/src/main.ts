import { openLmdbJournal } from '@chat-cluster/journal-lmdb';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { startNode, startWorker } from '@chat-cluster/node';
import { visits } from './visits.ts';

const [kafkaPort = '9092', port = '2561', managementPort = '8561', dir = './data'] =
  process.argv.slice(2);
const host = '127.0.0.1';

/** Topics whose partition is the shard have as many partitions each, and are never compacted. Whatever time a sender puts on its record, events keep theirs. */
const sharded = ['visits', 'visits_events', 'visits_control'].map((name) => ({
  name,
  partitionRule: 'shard',
  configs: {
    'cleanup.policy': 'delete',
    'retention.ms': '604800000',
    'message.timestamp.type': name === 'visits_events' ? 'LogAppendTime' : 'CreateTime',
  },
}));
const others = [
  { name: 'milestones', partitionRule: 'home', configs: {} },
  { name: 'visits_dead_letter', partitionRule: 'any', configs: {} },
  { name: 'visits_quarantine', partitionRule: 'home', configs: { 'cleanup.policy': 'compact' } },
];

const report = (level: string, sentence: string): void => console.log(`${level}: ${sentence}`);

const node = await startNode({
  entityType: visits.type,
  endpoint: { host, port: Number(port) },
  management: { host, port: Number(managementPort) },
  workers: {
    kind: 'here',
    start: (endpoint) =>
      startWorker(
        {
          definition: visits,
          groupId: 'visits',
          controlTopic: 'visits_control',
          quarantineTopic: 'visits_quarantine',
          topics: [...sharded, ...others],
          partitionCount: 12,
          replicationFactor: -1,
          openLog: () =>
            openKafkaLog({ bootstrap: [{ host, port: Number(kafkaPort) }], clientId: 'visits' }),
          openJournal: () => openLmdbJournal({ dir: `${dir}/visits-journal` }),
          report,
          onFatal: (error) => {
            report('fatal', error.message);
            process.exit(1);
          },
        },
        endpoint,
      ),
  },
  report,
});
console.log(`Counting visits. Operators: http://${host}:${node.managementPort}/ready`);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => void node.stop().then(() => process.exit(0)));
}
