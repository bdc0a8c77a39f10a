import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, bool, int16, int32, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const createPartitions = declareApi({
  key: 37,
  name: 'CreatePartitions',
  versions: '0-3',
  flexibleVersions: '2+',
  request: {
    topics: field(
      array(
        struct({
          name: field(string),
          count: field(int32),
          assignments: field(
            nullable(
              array(
                struct({
                  brokerIds: field(array(int32)),
                }),
              ),
            ),
          ),
        }),
      ),
    ),
    timeoutMs: field(int32),
    validateOnly: field(bool),
  },
  response: {
    throttleTimeMs: optional(int32),
    results: field(
      array(
        struct({
          name: field(string),
          errorCode: field(int16),
          errorMessage: optional(nullable(string), '0+', null),
        }),
      ),
    ),
  },
});
