import { declareApi } from '../api-declaration.ts';
import { bool, int16, int32, int64, string } from '../primitives.ts';
import { field, optional } from '../struct.ts';

export const endTxn = declareApi({
  key: 26,
  name: 'EndTxn',
  versions: '0-4',
  flexibleVersions: '3+',
  request: {
    transactionalId: field(string),
    producerId: field(int64),
    producerEpoch: field(int16),
    committed: field(bool),
  },
  response: {
    throttleTimeMs: optional(int32),
    errorCode: field(int16),
  },
});
