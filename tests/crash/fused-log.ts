import { subscribe } from 'node:diagnostics_channel';
import type { Log } from '@chat-cluster/log';
import type { Fuse, FusePoint } from './fuse.ts';

/** The same log; the fuse is told of what the port shows: records that come in, and transactions that are handed over. */
export function fusedLog(log: Log, fuse: Fuse): Log {
  return {
    admin: fusedAdmin(log, fuse),
    openGroupMember: (options) => log.openGroupMember(options),
    openFetcher: (options, listener) =>
      log.openFetcher(options, {
        onBatch: (batch) => {
          listener.onBatch(batch);
          if (batch.records.length > 0) fuse.crossed('fetched');
        },
        onPartitionError: (at, error) => listener.onPartitionError(at, error),
      }),
    openTransactionalProducer: async (options) => {
      const producer = await log.openTransactionalProducer(options);
      return {
        commit: (transaction, signal) => {
          fuse.crossed('decided');
          return producer.commit(transaction, signal);
        },
        close: () => producer.close(),
      };
    },
    openProducer: () => log.openProducer(),
    readRange: (options) => log.readRange(options),
    close: () => log.close(),
  };
}

/** Tells the fuse of every request that this process sends to a broker, by what the client library reports of itself. */
export function watchRequests(fuse: Fuse): void {
  for (const [moment, points] of Object.entries(REQUEST_POINTS)) {
    subscribe(`tracing:plt:kafka:connections:api:${moment}`, (message) => {
      const point = points[(message as { readonly apiKey: number }).apiKey];
      if (point !== undefined) fuse.crossed(point);
    });
  }
}

/** Kafka's numbers: Produce 0, AddPartitionsToTxn 24, EndTxn 26, TxnOffsetCommit 28. */
const REQUEST_POINTS: Readonly<Record<string, Readonly<Record<number, FusePoint>>>> = {
  /** About to be written. */
  start: { 26: 'end-unsent' },
  /** Given to the operating system, which sends it even if the process dies. */
  end: { 0: 'records-sent', 24: 'partitions-sent', 26: 'end-sent', 28: 'offsets-sent' },
  /** Answered; whoever sent it is not told yet. */
  asyncStart: { 26: 'end-answered' },
};

function fusedAdmin({ admin }: Log, fuse: Fuse): Log['admin'] {
  return {
    describeTopics: (topics) => admin.describeTopics(topics),
    createTopics: (topics) => admin.createTopics(topics),
    topicConfigs: (topic, names) => admin.topicConfigs(topic, names),
    listOffsets: (specs) => admin.listOffsets(specs),
    committedOffsets: async (options) => {
      const offsets = await admin.committedOffsets(options);
      fuse.crossed('taking-over');
      return offsets;
    },
    resetOffsets: (options) => admin.resetOffsets(options),
    ongoingTransactionalIds: (prefix) => admin.ongoingTransactionalIds(prefix),
    fence: (transactionalId) => admin.fence(transactionalId),
    describeGroup: (groupId) => admin.describeGroup(groupId),
    removeMember: (options) => admin.removeMember(options),
    close: () => admin.close(),
  };
}
