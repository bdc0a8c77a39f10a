import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, bytes, int16, int32, int8, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const alterUserScramCredentials = declareApi({
  key: 51,
  name: 'AlterUserScramCredentials',
  versions: '0',
  flexibleVersions: '0+',
  request: {
    deletions: field(array(struct({ name: field(string), mechanism: field(int8) }))),
    upsertions: field(
      array(
        struct({
          name: field(string),
          mechanism: field(int8),
          iterations: field(int32),
          salt: field(bytes),
          saltedPassword: field(bytes),
        }),
      ),
    ),
  },
  response: {
    throttleTimeMs: optional(int32),
    results: field(
      array(
        struct({
          user: field(string),
          errorCode: field(int16),
          errorMessage: field(nullable(string)),
        }),
      ),
    ),
  },
});
