import { declareApi } from '../api-declaration.ts';
import { int16, int32, int64, string } from '../primitives.ts';
import { field, optional } from '../struct.ts';

export const addOffsetsToTxn = declareApi({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: '0-4',
  flexibleVersions: '3+',
  request: {
    transactionalId: field(string),
    producerId: field(int64),
    producerEpoch: field(int16),
    groupId: field(string),
  },
  response: {
    throttleTimeMs: optional(int32),
    errorCode: field(int16),
  },
});
