import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, int16, int32, int8, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const describeUserScramCredentials = declareApi({
  key: 50,
  name: 'DescribeUserScramCredentials',
  versions: '0',
  flexibleVersions: '0+',
  request: {
    users: field(nullable(array(struct({ name: field(string) })))),
  },
  response: {
    throttleTimeMs: optional(int32),
    errorCode: field(int16),
    errorMessage: field(nullable(string)),
    results: field(
      array(
        struct({
          user: field(string),
          errorCode: field(int16),
          errorMessage: field(nullable(string)),
          credentialInfos: field(
            array(struct({ mechanism: field(int8), iterations: field(int32) })),
          ),
        }),
      ),
    ),
  },
});
