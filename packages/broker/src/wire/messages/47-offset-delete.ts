import { declareApi } from '../api-declaration.ts';
import { array, int16, int32, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const offsetDelete = declareApi({
  key: 47,
  name: 'OffsetDelete',
  versions: '0',
  flexibleVersions: 'none',
  request: {
    groupId: field(string),
    topics: field(
      array(
        struct({
          name: field(string),
          partitions: field(
            array(
              struct({
                partitionIndex: field(int32),
              }),
            ),
          ),
        }),
      ),
    ),
  },
  response: {
    errorCode: field(int16),
    throttleTimeMs: optional(int32),
    topics: field(
      array(
        struct({
          name: field(string),
          partitions: field(
            array(
              struct({
                partitionIndex: field(int32),
                errorCode: field(int16),
              }),
            ),
          ),
        }),
      ),
    ),
  },
});
