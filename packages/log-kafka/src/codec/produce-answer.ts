import { produceV11, Reader, ResponseError } from '@platformatic/kafka';

export type ProducedPartition = { readonly errorCode: number; readonly baseOffset: number };

/** Reads a Produce answer (version 11), by `topic/partition`. Error codes are the caller's to look at. */
export function readProduceAnswer(body: Buffer): ReadonlyMap<string, ProducedPartition> {
  const partitions = new Map<string, ProducedPartition>();
  for (const { name, partitionResponses } of parse(body).responses) {
    for (const { index, errorCode, baseOffset } of partitionResponses) {
      partitions.set(`${name}/${index}`, { errorCode, baseOffset: Number(baseOffset) });
    }
  }
  return partitions;
}

/** The library throws an answer that holds an error code, and keeps the answer on the error. */
function parse(body: Buffer): ReturnType<typeof produceV11.parseResponse> {
  const { key, version } = produceV11.api;
  try {
    return produceV11.parseResponse(NO_CORRELATION_ID, key, version, Reader.from(body));
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    const answer: unknown = error['response'];
    return answer as ReturnType<typeof produceV11.parseResponse>;
  }
}

/** The connection has matched it already. */
const NO_CORRELATION_ID = 0;
