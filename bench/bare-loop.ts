import { userEvents, userProcessingEvents } from '@chat-cluster/contract/purchases';
import type { FetchedBatch, OutgoingRecord } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';

/**
 * `bare-loop.ts PORT PARTITIONS chat|purchases`: consume, transform, produce in transactions, and nothing else: what the log and its client cost. Writes `bare_out`, one transaction after the
 * other. Prints how many records have been committed.
 */
const [port = '', partitionText = '', what = ''] = process.argv.slice(2);
const partitionCount = Number(partitionText);

/** What is read, and what is made of a record's value. */
const loops: Readonly<
  Record<
    string,
    { readonly input: string; readonly transform: (value: Uint8Array | null) => Uint8Array }
  >
> = {
  /** The parsed and re-encoded JSON with a number. */
  chat: {
    input: 'bare_in',
    transform: (value) => {
      const parsed: unknown = JSON.parse(Buffer.from(value ?? []).toString());
      return Buffer.from(JSON.stringify({ ...(parsed as object), seq: count }));
    },
  },
  /** The same topic and the same codecs as the processors: protobuf to JSON. */
  purchases: {
    input: userEvents.name,
    transform: (value) => {
      const decoded = userEvents.decode(value);
      if (!decoded.ok) throw new Error(decoded.reason);
      const { product, quantity, price } = decoded.value;
      return userProcessingEvents.encode({ type: 'purchase', product, quantity, price });
    },
  },
};
const loop = loops[what];
if (loop === undefined) throw new Error('Say which: chat or purchases.');
const { input: IN, transform } = loop;
const OUT = 'bare_out';
const BATCH_BYTES_MAX = 900_000;
const REPORT_INTERVAL_MS = 50;

const log = openKafkaLog({
  bootstrap: [{ host: '127.0.0.1', port: Number(port) }],
  clientId: 'bare-loop',
});
const producer = await log.openTransactionalProducer({ transactionalId: 'bare-loop' });
const member = log.openGroupMember({
  groupId: 'bare',
  topics: [IN],
  protocolName: 'bare',
  userData: new Uint8Array(),
  assignor: (members) =>
    new Map(
      members.map(({ memberId }) => [
        memberId,
        {
          partitions: Array.from({ length: partitionCount }, (_, index) => index),
          userData: new Uint8Array(),
        },
      ]),
    ),
});

type Waiting = { records: OutgoingRecord[]; offsetNext: number; bytes: number };
const waiting = new Map<number, Waiting>();
let count = 0;
let isCommitting = false;

const fetcher = log.openFetcher(
  {},
  {
    onBatch: take,
    onPartitionError: (_, error) => {
      throw error;
    },
  },
);
await member.start({
  beforeJoin: () => Promise.resolve([]),
  onAssigned: () => undefined,
  onLost: (reason) => {
    throw new Error(reason);
  },
  onFatal: (error) => {
    throw error;
  },
});
const [topic] = await log.admin.describeTopics([IN]);
for (let partition = 0; partition < partitionCount; partition++) {
  fetcher.add({ topic: IN, topicId: topic?.topicId ?? '', partition }, 0);
}
setInterval(() => process.stdout.write(`${count}\n`), REPORT_INTERVAL_MS);
process.once('SIGTERM', () => process.exit(0));

function take(batch: FetchedBatch): void {
  const { partition } = batch;
  const known = waiting.get(partition) ?? { records: [], offsetNext: 0, bytes: 0 };
  waiting.set(partition, known);
  for (const { key, value } of batch.records) {
    const out = transform(value);
    known.records.push({ key, value: out, headers: [] });
    known.bytes += out.byteLength + 50;
  }
  known.offsetNext = batch.offsetNext;
  if (known.bytes > BATCH_BYTES_MAX / 2) fetcher.pause({ topic: IN, partition });
  void commit();
}

async function commit(): Promise<void> {
  const generation = member.current();
  if (isCommitting || waiting.size === 0 || generation === undefined) return;
  isCommitting = true;
  const taken = [...waiting];
  waiting.clear();
  const result = await producer.commit({
    writes: taken
      .filter(([, { records }]) => records.length > 0)
      .map(([partition, { records }]) => ({ topic: OUT, partition, records })),
    groupId: 'bare',
    generation,
    offsets: taken.map(([partition, { offsetNext }]) => ({
      topic: IN,
      partition,
      offsetNext,
      metadata: '',
    })),
  });
  if (result.outcome !== 'committed') throw new Error(JSON.stringify(result));
  for (const [partition, { records }] of taken) {
    count += records.length;
    fetcher.resume({ topic: IN, partition });
  }
  isCommitting = false;
  void commit();
}
