import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, int16, int32, int64, int8, records, string, uuid } from '../primitives.ts';
import { field, optional, struct, tagged } from '../struct.ts';

export const fetch = declareApi({
  key: 1,
  name: 'Fetch',
  versions: '4-17',
  flexibleVersions: '12+',
  request: {
    clusterId: tagged(nullable(string), { tag: 0, versions: '12+', defaultValue: null }),
    replicaId: optional(int32, '0-14', -1),
    replicaState: tagged(
      struct({
        replicaId: optional(int32, '0+', -1),
        replicaEpoch: optional(int64, '0+', -1),
      }),
      { tag: 1, versions: '15+' },
    ),
    maxWaitMs: field(int32),
    minBytes: field(int32),
    maxBytes: optional(int32, '0+', 0x7fffffff),
    isolationLevel: optional(int8),
    sessionId: optional(int32, '7+'),
    sessionEpoch: optional(int32, '7+', -1),
    topics: field(
      array(
        struct({
          topic: optional(string, '0-12'),
          topicId: optional(uuid, '13+'),
          partitions: field(
            array(
              struct({
                partition: field(int32),
                currentLeaderEpoch: optional(int32, '9+', -1),
                fetchOffset: field(int64),
                lastFetchedEpoch: optional(int32, '12+', -1),
                logStartOffset: optional(int64, '5+', -1),
                partitionMaxBytes: field(int32),
                replicaDirectoryId: tagged(uuid, { tag: 0, versions: '17+' }),
              }),
            ),
          ),
        }),
      ),
    ),
    forgottenTopicsData: field(
      array(
        struct({
          topic: optional(string, '7-12'),
          topicId: optional(uuid, '13+'),
          partitions: field(array(int32)),
        }),
      ),
      '7+',
    ),
    rackId: optional(string, '11+'),
  },
  response: {
    throttleTimeMs: optional(int32),
    errorCode: field(int16, '7+'),
    sessionId: optional(int32, '7+'),
    responses: field(
      array(
        struct({
          topic: optional(string, '0-12'),
          topicId: optional(uuid, '13+'),
          partitions: field(
            array(
              struct({
                partitionIndex: field(int32),
                errorCode: field(int16),
                highWatermark: field(int64),
                lastStableOffset: optional(int64, '0+', -1),
                logStartOffset: optional(int64, '5+', -1),
                divergingEpoch: tagged(
                  struct({
                    epoch: optional(int32, '0+', -1),
                    endOffset: optional(int64, '0+', -1),
                  }),
                  { tag: 0, versions: '12+' },
                ),
                currentLeader: tagged(
                  struct({
                    leaderId: optional(int32, '0+', -1),
                    leaderEpoch: optional(int32, '0+', -1),
                  }),
                  { tag: 1, versions: '12+' },
                ),
                snapshotId: tagged(
                  struct({
                    endOffset: optional(int64, '0+', -1),
                    epoch: optional(int32, '0+', -1),
                  }),
                  { tag: 2, versions: '12+' },
                ),
                abortedTransactions: field(
                  nullable(
                    array(
                      struct({
                        producerId: field(int64),
                        firstOffset: field(int64),
                      }),
                    ),
                  ),
                ),
                preferredReadReplica: optional(int32, '11+', -1),
                records: field(nullable(records)),
              }),
            ),
          ),
        }),
      ),
    ),
    nodeEndpoints: tagged(
      array(
        struct({
          nodeId: field(int32),
          host: field(string),
          port: field(int32),
          rack: optional(nullable(string), '0+', null),
        }),
      ),
      { tag: 0, versions: '16+' },
    ),
  },
});
