import { partitionsSetting } from '@chat-cluster/app-chat-node/settings';
import { PURCHASES_PARTITION_COUNT_DEFAULT } from '@chat-cluster/contract/purchases';

const PARTITION_COUNT_MAX = 1_024;

/** Of the purchases' topics, when they are created. */
export const purchasesPartitions = partitionsSetting({
  countDefault: PURCHASES_PARTITION_COUNT_DEFAULT,
  countMax: PARTITION_COUNT_MAX,
});
