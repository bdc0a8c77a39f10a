import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, bool, int16, int32, int8, string, uuid } from '../primitives.ts';
import { field, optional, struct, tagged } from '../struct.ts';

export const createTopics = declareApi({
  key: 19,
  name: 'CreateTopics',
  versions: '2-7',
  flexibleVersions: '5+',
  request: {
    topics: field(
      array(
        struct({
          name: field(string),
          numPartitions: field(int32),
          replicationFactor: field(int16),
          assignments: field(
            array(
              struct({
                partitionIndex: field(int32),
                brokerIds: field(array(int32)),
              }),
            ),
          ),
          configs: field(
            array(
              struct({
                name: field(string),
                value: field(nullable(string)),
              }),
            ),
          ),
        }),
      ),
    ),
    timeoutMs: optional(int32, '0+', 60000),
    validateOnly: optional(bool),
  },
  response: {
    throttleTimeMs: optional(int32),
    topics: field(
      array(
        struct({
          name: field(string),
          topicId: optional(uuid, '7+'),
          errorCode: field(int16),
          errorMessage: field(nullable(string)),
          topicConfigErrorCode: tagged(int16, { tag: 0, versions: '5+' }),
          numPartitions: optional(int32, '5+', -1),
          replicationFactor: optional(int16, '5+', -1),
          configs: field(
            nullable(
              array(
                struct({
                  name: field(string),
                  value: field(nullable(string)),
                  readOnly: field(bool),
                  configSource: optional(int8, '0+', -1),
                  isSensitive: field(bool),
                }),
              ),
            ),
            '5+',
          ),
        }),
      ),
    ),
  },
});
