import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { int16, int32, string } from '../primitives.ts';
import { field, optional } from '../struct.ts';

export const heartbeat = declareApi({
  key: 12,
  name: 'Heartbeat',
  versions: '0-4',
  flexibleVersions: '4+',
  request: {
    groupId: field(string),
    generationId: field(int32),
    memberId: field(string),
    groupInstanceId: optional(nullable(string), '3+', null),
  },
  response: {
    throttleTimeMs: optional(int32, '1+'),
    errorCode: field(int16),
  },
});
