import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, bool, int16, int32, int8, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const alterConfigs = declareApi({
  key: 33,
  name: 'AlterConfigs',
  versions: '0-2',
  flexibleVersions: '2+',
  request: {
    resources: field(
      array(
        struct({
          resourceType: field(int8),
          resourceName: field(string),
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
    validateOnly: field(bool),
  },
  response: {
    throttleTimeMs: optional(int32),
    responses: field(
      array(
        struct({
          errorCode: field(int16),
          errorMessage: field(nullable(string)),
          resourceType: field(int8),
          resourceName: field(string),
        }),
      ),
    ),
  },
});
