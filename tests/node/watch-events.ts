/** Flag of the message that ends a stream. */
const END_FLAG = 0x02;
/** Before each message: flags, and its length. */
const HEAD_BYTES = 5;

/**
 * The sequence numbers that a watch of an entity gives, over HTTP with JSON, as the Connect protocol streams it: each message has a byte of flags and four of its length before it. Ends with the signal;
 * throws what the node says when it ends the watch, and a TypeError when the connection breaks.
 */
export async function* watchEvents(
  endpoint: string,
  watched: { readonly entityType: string; readonly entityId: string; readonly seqFrom: number },
  signal: AbortSignal,
): AsyncGenerator<number> {
  const asked = Buffer.from(JSON.stringify(watched));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(asked.length, 1);
  const response = await fetch(`http://${endpoint}/chatcluster.engine.v1.EntityService/Watch`, {
    method: 'POST',
    headers: { 'content-type': 'application/connect+json' },
    body: Buffer.concat([head, asked]),
    signal,
  });
  let read = Buffer.alloc(0);
  for await (const chunk of response.body ?? []) {
    read = Buffer.concat([read, chunk]);
    for (;;) {
      const size = read.length < HEAD_BYTES ? Infinity : read.readUInt32BE(1);
      if (read.length < HEAD_BYTES + size) break;
      const text = read.subarray(HEAD_BYTES, HEAD_BYTES + size).toString();
      if ((read[0] ?? 0) & END_FLAG) throw new Error(`The watch was ended: ${text}`);
      const { event } = JSON.parse(text) as { readonly event?: { readonly seq?: string } };
      if (event === undefined) throw new Error(`The watch gave no event: ${text}`);
      yield Number(event.seq ?? 0);
      read = read.subarray(HEAD_BYTES + size);
    }
  }
}
