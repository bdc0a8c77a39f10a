import { openLmdbJournal } from '@chat-cluster/journal-lmdb';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { startNode, startWorker } from '@chat-cluster/node';
import { visits } from './visits.ts';

const [kafkaPort = '9092', port = '2561', managementPort = '8561', dir = './data'] =
  process.argv.slice(2);
const host = '127.0.0.1';

/** What is made of a record has the time of the broker: whatever time a sender puts on his, it deletes nothing. */
const input = { 'cleanup.policy': 'delete', 'message.timestamp.type': 'CreateTime' };
const output = { 'cleanup.policy': 'delete', 'message.timestamp.type': 'LogAppendTime' };
/** Nothing deletes events: the newest may not be in the journal yet. */
const events = { ...output, 'retention.ms': '-1', 'retention.bytes': '-1' };

const topics = [
  { name: 'visits', partitionRule: 'shard', configs: input },
  { name: 'visits_control', partitionRule: 'shard', configs: input },
  { name: 'visits_events', partitionRule: 'shard', configs: events },
  { name: 'milestones', partitionRule: 'home', configs: output },
  { name: 'visits_dead_letter', partitionRule: 'any', configs: output },
  {
    name: 'visits_quarantine',
    partitionRule: 'home',
    configs: { ...output, 'cleanup.policy': 'compact' },
  },
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
          topics,
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
