import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, bool, int16, int32, int64, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const offsetFetch = declareApi({
  key: 9,
  name: 'OffsetFetch',
  versions: '1-9',
  flexibleVersions: '6+',
  request: {
    groupId: optional(string, '0-7'),
    topics: optional(
      nullable(
        array(
          struct({
            name: field(string),
            partitionIndexes: field(array(int32)),
          }),
        ),
        '2-7',
      ),
      '0-7',
    ),
    groups: optional(
      array(
        struct({
          groupId: field(string),
          memberId: optional(nullable(string), '9+', null),
          memberEpoch: optional(int32, '9+', -1),
          topics: field(
            nullable(
              array(
                struct({
                  name: field(string),
                  partitionIndexes: field(array(int32)),
                }),
              ),
            ),
          ),
        }),
      ),
      '8+',
    ),
    requireStable: optional(bool, '7+'),
  },
  response: {
    throttleTimeMs: optional(int32, '3+'),
    topics: optional(
      array(
        struct({
          name: field(string),
          partitions: field(
            array(
              struct({
                partitionIndex: field(int32),
                committedOffset: field(int64),
                committedLeaderEpoch: optional(int32, '5-7', -1),
                metadata: field(nullable(string)),
                errorCode: field(int16),
              }),
            ),
          ),
        }),
      ),
      '0-7',
    ),
    errorCode: optional(int16, '2-7'),
    groups: optional(
      array(
        struct({
          groupId: field(string),
          topics: field(
            array(
              struct({
                name: field(string),
                partitions: field(
                  array(
                    struct({
                      partitionIndex: field(int32),
                      committedOffset: field(int64),
                      committedLeaderEpoch: optional(int32, '0+', -1),
                      metadata: field(nullable(string)),
                      errorCode: field(int16),
                    }),
                  ),
                ),
              }),
            ),
          ),
          errorCode: optional(int16),
        }),
      ),
      '8+',
    ),
  },
});
