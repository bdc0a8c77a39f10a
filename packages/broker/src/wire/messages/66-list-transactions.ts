import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, int16, int32, int64, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const listTransactions = declareApi({
  key: 66,
  name: 'ListTransactions',
  versions: '0-2',
  flexibleVersions: '0+',
  request: {
    stateFilters: field(array(string)),
    producerIdFilters: field(array(int64)),
    durationFilter: optional(int64, '1+', -1),
    transactionalIdPattern: optional(nullable(string), '2+', null),
  },
  response: {
    throttleTimeMs: optional(int32),
    errorCode: field(int16),
    unknownStateFilters: field(array(string)),
    transactionStates: field(
      array(
        struct({
          transactionalId: field(string),
          producerId: field(int64),
          transactionState: field(string),
        }),
      ),
    ),
  },
});
