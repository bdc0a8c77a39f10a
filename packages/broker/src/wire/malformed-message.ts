/**
 * The bytes of a frame do not follow the grammar of the message they claim to be.
 *
 * Thrown by `WireReader` and the wire types while decoding, never while encoding. The server answers it by
 * closing the connection, as Kafka does: after one malformed frame nothing on the stream can be trusted.
 */
export class MalformedMessage extends Error {
  readonly code = 'MALFORMED_MESSAGE';

  constructor(message: string) {
    super(message);
    this.name = 'MalformedMessage';
  }
}
