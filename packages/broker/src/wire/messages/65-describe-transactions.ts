import { declareApi } from '../api-declaration.ts';
import { array, int16, int32, int64, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const describeTransactions = declareApi({
  key: 65,
  name: 'DescribeTransactions',
  versions: '0',
  flexibleVersions: '0+',
  request: {
    transactionalIds: field(array(string)),
  },
  response: {
    throttleTimeMs: optional(int32),
    transactionStates: field(
      array(
        struct({
          errorCode: field(int16),
          transactionalId: field(string),
          transactionState: field(string),
          transactionTimeoutMs: field(int32),
          transactionStartTimeMs: field(int64),
          producerId: field(int64),
          producerEpoch: field(int16),
          topics: field(
            array(
              struct({
                topic: field(string),
                partitions: field(array(int32)),
              }),
            ),
          ),
        }),
      ),
    ),
  },
});
