import { exchange } from './addresses.ts';
import type { Address } from './addresses.ts';

/**
 * How many brokers an address knows of, as a client would learn it: by a Metadata request, version 4, for
 * no topics. The broker answers only once it is unfenced.
 *
 * @returns 0 while nobody answers, or while the answer names no controller.
 */
export async function kafkaBrokerCount(address: Address): Promise<number> {
  const count = await exchange({ address, request: metadataRequest, until: brokersIn });
  return count ?? 0;
}

/**
 * Request => size:int32 api_key:int16 api_version:int16 correlation_id:int32 client_id:nullable_string
 *            topics:[string] allow_auto_topic_creation:boolean
 */
const metadataRequest = Buffer.from([
  ...[0, 0, 0, 15], // size
  ...[0, 3, 0, 4], // Metadata, version 4
  ...[0, 0, 0, 1], // correlation id
  ...[255, 255], // no client id
  ...[0, 0, 0, 0], // no topics
  0, // create none
]);

/**
 * Response => size:int32 correlation_id:int32 throttle_time_ms:int32
 *             brokers:[node_id:int32 host:string port:int32 rack:nullable_string]
 *             cluster_id:nullable_string controller_id:int32 …
 */
function brokersIn(received: Buffer): number | undefined {
  if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return undefined;
  let at = 12;
  const skipString = () => {
    at += 2 + Math.max(0, received.readInt16BE(at));
  };
  const count = received.readInt32BE(at);
  at += 4;
  for (let broker = 0; broker < count; broker += 1) {
    at += 4;
    skipString();
    at += 4;
    skipString();
  }
  skipString();
  const controllerId = received.readInt32BE(at);
  return controllerId < 0 ? 0 : count;
}
