import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, bool, int16, int32, int64, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const describeLogDirs = declareApi({
  key: 35,
  name: 'DescribeLogDirs',
  versions: '1-4',
  flexibleVersions: '2+',
  request: {
    topics: field(
      nullable(
        array(
          struct({
            topic: field(string),
            partitions: field(array(int32)),
          }),
        ),
      ),
    ),
  },
  response: {
    throttleTimeMs: optional(int32),
    errorCode: field(int16, '3+'),
    results: field(
      array(
        struct({
          errorCode: field(int16),
          logDir: field(string),
          topics: field(
            array(
              struct({
                name: field(string),
                partitions: field(
                  array(
                    struct({
                      partitionIndex: field(int32),
                      partitionSize: field(int64),
                      offsetLag: field(int64),
                      isFutureKey: field(bool),
                    }),
                  ),
                ),
              }),
            ),
          ),
          totalBytes: optional(int64, '4+', -1),
          usableBytes: optional(int64, '4+', -1),
        }),
      ),
    ),
  },
});
