/**
 * `bare-member.ts PORT PARTITIONS NAME`: a member of a group that consumes, transforms and produces in transactions, and nothing else: no engine, no state, no storage. Gives all
 * of its partitions up in each rebalance. Prints `member ID PARTITIONS` with each assignment.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { FetchedBatch, OutgoingRecord, TopicIdPartition } from '@chat-cluster/log';
import { LogError } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { BARE_GROUP, BARE_TOPICS } from './bare-group.ts';

const [port = '', partitionText = '', name = ''] = process.argv.slice(2);
const partitionCount = Number(partitionText);
const { input, output } = BARE_TOPICS;
/** Of the transactional ids of all members. */
const PREFIX = 'bare-';
const RETRY_MS = 5;

const log = openKafkaLog({
  bootstrap: [{ host: '127.0.0.1', port: Number(port) }],
  clientId: name,
});
const producer = await log.openTransactionalProducer({ transactionalId: name });
const [topic] = await log.admin.describeTopics([input]);
const topicId = topic?.topicId ?? '';

type Waiting = { readonly records: OutgoingRecord[]; offsetNext: number };
const waiting = new Map<number, Waiting>();
let owned: readonly number[] = [];
/** Settles when nothing is being committed. */
let committing: Promise<void> = Promise.resolve();
let isCommitting = false;

const fetcher = log.openFetcher({}, { onBatch: take, onPartitionError: (_, error) => fail(error) });
const member = log.openGroupMember({
  groupId: BARE_GROUP,
  topics: [input],
  protocolName: 'bare',
  userData: new Uint8Array(),
  assignor: (members) =>
    new Map(
      members.map(({ memberId }, index) => {
        const all = Array.from({ length: partitionCount }, (_, partition) => partition);
        const partitions = all.filter((partition) => partition % members.length === index);
        return [memberId, { partitions, userData: Uint8Array.of(members.length) }];
      }),
    ),
});
process.once('SIGTERM', () => void leave());
await member.start({
  beforeJoin: async () => {
    await giveUp();
    return [];
  },
  onAssigned: ({ memberId }, { partitions, userData }) => {
    process.stdout.write(`member ${memberId} ${partitions.join()}\n`);
    void takeOver(partitions, { isAlone: userData[0] === 1 }).catch(fail);
  },
  onLost: () => void giveUp(),
  onFatal: fail,
});

async function takeOver(
  partitions: readonly number[],
  { isAlone }: { readonly isAlone: boolean },
): Promise<void> {
  owned = partitions;
  if (isAlone) await fenceTheOther();
  const offsets = await stableOffsets(partitions);
  if (owned !== partitions) return;
  for (const [index, partition] of partitions.entries()) {
    fetcher.add(at(partition), offsets[index] ?? 0);
  }
}

/** The open transaction of a member that died would hold its partitions up until it times out. */
async function fenceTheOther(): Promise<void> {
  const ids = await log.admin.ongoingTransactionalIds(PREFIX);
  for (const id of ids) if (!id.startsWith(name)) await log.admin.fence(id);
}

async function stableOffsets(partitions: readonly number[]): Promise<readonly number[]> {
  const asked = partitions.map((partition) => ({ topic: input, partition }));
  for (;;) {
    try {
      const found = await log.admin.committedOffsets({ groupId: BARE_GROUP, partitions: asked });
      return found.map((committed) => committed?.offset ?? 0);
    } catch (error) {
      if (!(error instanceof LogError) || !error.retriable) throw error;
      await delay(RETRY_MS);
    }
  }
}

async function giveUp(): Promise<void> {
  for (const partition of owned) fetcher.remove(at(partition));
  owned = [];
  waiting.clear();
  await committing;
}

async function leave(): Promise<void> {
  await giveUp();
  await member.leave();
  await log.close();
  process.exit(0);
}

function take({ partition, records, offsetNext }: FetchedBatch): void {
  const known = waiting.get(partition) ?? { records: [], offsetNext };
  waiting.set(partition, known);
  for (const { key, value } of records) {
    known.records.push({ key, value: numbered(value), headers: [] });
  }
  known.offsetNext = offsetNext;
  void commitAll();
}

/** The message with the number that it carries in its body, as if somebody had counted. */
function numbered(value: Uint8Array | null): Uint8Array {
  const message = JSON.parse(Buffer.from(value ?? []).toString()) as BareMessage;
  const { conversationKey, body } = message;
  const [, number] = /#(\d+)/.exec(body) ?? [];
  return Buffer.from(JSON.stringify({ conversationKey, conversationMsgSeq: Number(number), body }));
}

type BareMessage = { readonly conversationKey: string; readonly body: string };

async function commitAll(): Promise<void> {
  if (isCommitting) return;
  isCommitting = true;
  while (waiting.size > 0 && member.current() !== undefined) {
    committing = commit().catch(fail);
    await committing;
  }
  isCommitting = false;
}

async function commit(): Promise<void> {
  const generation = member.current();
  if (generation === undefined) return;
  const taken = [...waiting];
  waiting.clear();
  const transaction = {
    writes: taken
      .filter(([, { records }]) => records.length > 0)
      .map(([partition, { records }]) => ({ topic: output, partition, records })),
    groupId: BARE_GROUP,
    generation,
    offsets: taken.map(([partition, { offsetNext }]) => {
      return { topic: input, partition, offsetNext, metadata: '' };
    }),
  };
  for (;;) {
    const result = await producer.commit(transaction);
    if (result.outcome === 'committed') return;
    // Who owns these partitions next reads the records again.
    if (member.current()?.generationId !== generation.generationId) return;
    if (result.outcome === 'fenced') throw new Error(result.message);
    await delay(RETRY_MS);
  }
}

function at(partition: number): TopicIdPartition {
  return { topic: input, topicId, partition };
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}
