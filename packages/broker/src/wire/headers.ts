import { MalformedMessage } from './malformed-message.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** The part of a request header that every version shares. */
export type RequestHeader = {
  readonly apiKey: number;
  readonly apiVersion: number;
  /** Chosen by the client, sent back in front of the answer. */
  readonly correlationId: number;
  readonly clientId: string;
};

/**
 * Reads a request header, v1 or, in front of a flexible request, v2.
 *
 *     v1 = apiKey:int16 apiVersion:int16 correlationId:int32 clientId:nullable-string
 *     v2 = v1 tagged-fields        the client id keeps its 2-byte length
 *
 * `flexibleOf` says whether the request is flexible; it is asked with what the first four bytes hold.
 */
export function readRequestHeader(
  reader: WireReader,
  flexibleOf: (apiKey: number, apiVersion: number) => boolean,
): RequestHeader {
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  const correlationId = reader.int32();
  const clientIdLength = reader.int16();
  if (clientIdLength < -1) throw new MalformedMessage('the client id has a negative length');
  const clientId = clientIdLength === -1 ? '' : reader.utf8(clientIdLength);
  if (flexibleOf(apiKey, apiVersion)) skipTaggedFields(reader);
  return { apiKey, apiVersion, correlationId, clientId };
}

/** Writes a response header: v1 (with empty tagged fields) when `flexible`, else v0. */
export function writeResponseHeader(
  writer: WireWriter,
  { correlationId, flexible }: { correlationId: number; flexible: boolean },
): void {
  writer.int32(correlationId);
  if (flexible) writer.uvarint(0);
}

function skipTaggedFields(reader: WireReader): void {
  const count = reader.arrayLength(reader.uvarint());
  for (let index = 0; index < count; index++) {
    reader.uvarint();
    reader.bytes(reader.uvarint());
  }
}
