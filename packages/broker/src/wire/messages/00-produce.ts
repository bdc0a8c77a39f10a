import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, int16, int32, int64, records, string } from '../primitives.ts';
import { field, optional, struct, tagged } from '../struct.ts';

export const produce = declareApi({
  key: 0,
  name: 'Produce',
  versions: '3-11',
  advertisedVersions: '0-11',
  flexibleVersions: '9+',
  request: {
    transactionalId: optional(nullable(string), '0+', null),
    acks: field(int16),
    timeoutMs: field(int32),
    topicData: field(
      array(
        struct({
          name: field(string),
          partitionData: field(
            array(
              struct({
                index: field(int32),
                records: field(nullable(records)),
              }),
            ),
          ),
        }),
      ),
    ),
  },
  response: {
    responses: field(
      array(
        struct({
          name: field(string),
          partitionResponses: field(
            array(
              struct({
                index: field(int32),
                errorCode: field(int16),
                baseOffset: field(int64),
                logAppendTimeMs: optional(int64, '0+', -1),
                logStartOffset: optional(int64, '5+', -1),
                recordErrors: field(
                  array(
                    struct({
                      batchIndex: field(int32),
                      batchIndexErrorMessage: optional(nullable(string), '0+', null),
                    }),
                  ),
                  '8+',
                ),
                errorMessage: optional(nullable(string), '8+', null),
                currentLeader: tagged(
                  struct({
                    leaderId: optional(int32, '0+', -1),
                    leaderEpoch: optional(int32, '0+', -1),
                  }),
                  { tag: 0, versions: '10+' },
                ),
              }),
            ),
          ),
        }),
      ),
    ),
    throttleTimeMs: optional(int32),
    nodeEndpoints: tagged(
      array(
        struct({
          nodeId: field(int32),
          host: field(string),
          port: field(int32),
          rack: optional(nullable(string), '0+', null),
        }),
      ),
      { tag: 0, versions: '10+' },
    ),
  },
});
