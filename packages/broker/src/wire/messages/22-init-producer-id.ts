import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { int16, int32, int64, string } from '../primitives.ts';
import { field, optional } from '../struct.ts';

export const initProducerId = declareApi({
  key: 22,
  name: 'InitProducerId',
  versions: '0-5',
  flexibleVersions: '2+',
  request: {
    transactionalId: field(nullable(string)),
    transactionTimeoutMs: field(int32),
    producerId: optional(int64, '3+', -1),
    producerEpoch: optional(int16, '3+', -1),
  },
  response: {
    throttleTimeMs: optional(int32),
    errorCode: field(int16),
    producerId: optional(int64, '0+', -1),
    producerEpoch: field(int16),
  },
});
