import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, int16, int32, int8, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const findCoordinator = declareApi({
  key: 10,
  name: 'FindCoordinator',
  versions: '0-6',
  flexibleVersions: '3+',
  request: {
    key: optional(string, '0-3'),
    keyType: optional(int8, '1+'),
    coordinatorKeys: field(array(string), '4+'),
  },
  response: {
    throttleTimeMs: optional(int32, '1+'),
    errorCode: optional(int16, '0-3'),
    errorMessage: optional(nullable(string), '1-3'),
    nodeId: optional(int32, '0-3'),
    host: optional(string, '0-3'),
    port: optional(int32, '0-3'),
    coordinators: optional(
      array(
        struct({
          key: field(string),
          nodeId: field(int32),
          host: field(string),
          port: field(int32),
          errorCode: field(int16),
          errorMessage: field(nullable(string)),
        }),
      ),
      '4+',
    ),
  },
});
