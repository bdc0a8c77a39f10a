import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, int16, int32, string, uuid } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const deleteTopics = declareApi({
  key: 20,
  name: 'DeleteTopics',
  versions: '1-6',
  flexibleVersions: '4+',
  request: {
    topics: field(
      array(
        struct({
          name: optional(nullable(string), '0+', null),
          topicId: optional(uuid),
        }),
      ),
      '6+',
    ),
    topicNames: optional(array(string), '0-5'),
    timeoutMs: field(int32),
  },
  response: {
    throttleTimeMs: optional(int32),
    responses: field(
      array(
        struct({
          name: field(nullable(string, '6+')),
          topicId: optional(uuid, '6+'),
          errorCode: field(int16),
          errorMessage: optional(nullable(string), '5+', null),
        }),
      ),
    ),
  },
});
