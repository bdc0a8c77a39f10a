import {
  addOffsetsToTxnV4,
  addPartitionsToTxnV3,
  apiVersionsV3,
  createTopicsV7,
  describeConfigsV4,
  describeGroupsV5,
  endTxnV4,
  fetchV17,
  findCoordinatorV6,
  heartbeatV4,
  initProducerIdV5,
  joinGroupV9,
  leaveGroupV5,
  listOffsetsV9,
  listTransactionsV1,
  metadataV12,
  offsetCommitV9,
  offsetFetchV9,
  produceV11,
  protocolAPIsById,
  syncGroupV5,
  txnOffsetCommitV4,
} from '@platformatic/kafka';
import { LogError } from '@chat-cluster/log';
import type { BrokerConnection } from './broker-connection.ts';

/**
 * Asks a broker whether it takes every request that this adapter sends, in the one version that it sends.
 *
 * @throws LogError `refused`, with what is missing
 */
export async function checkVersions(connection: BrokerConnection): Promise<void> {
  const answer = await connection.call(apiVersionsV3.api, CLIENT_NAME, CLIENT_VERSION);
  const ranges = new Map(answer.apiKeys.map((range) => [range.apiKey, range]));
  const missing = requests.filter(({ api: { key, version } }) => {
    const range = ranges.get(key);
    return !range || version < range.minVersion || version > range.maxVersion;
  });
  if (missing.length === 0) return;
  const names: Readonly<Record<number, string>> = protocolAPIsById;
  const list = missing.map(({ api }) => `${names[api.key]} ${api.version}`).join(', ');
  throw new LogError('refused', `The broker does not take ${list}. Apache Kafka 4.1 does.`);
}

/** As they show up in a broker's metrics. */
const CLIENT_NAME = 'chat-cluster';
const CLIENT_VERSION = '1';

const requests: readonly { readonly api: { readonly key: number; readonly version: number } }[] = [
  addOffsetsToTxnV4,
  addPartitionsToTxnV3,
  createTopicsV7,
  describeConfigsV4,
  describeGroupsV5,
  endTxnV4,
  fetchV17,
  findCoordinatorV6,
  heartbeatV4,
  initProducerIdV5,
  joinGroupV9,
  leaveGroupV5,
  listOffsetsV9,
  listTransactionsV1,
  metadataV12,
  offsetCommitV9,
  offsetFetchV9,
  produceV11,
  syncGroupV5,
  txnOffsetCommitV4,
];
