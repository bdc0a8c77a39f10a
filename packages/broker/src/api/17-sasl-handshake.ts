/**
 * SaslHandshake, versions 0 and 1.
 *
 * Version 0 is followed by the messages of the mechanism as frames of their own (`size:int32 bytes`), version 1 by
 * SaslAuthenticate. A mechanism that the listener does not offer, and a second handshake before the first has led to
 * anything, end the connection after the answer.
 */
import { saslHandshake } from '../wire/messages/17-sasl-handshake.ts';
import { on } from './handler.ts';

export const saslHandshakeHandler = on(saslHandshake, ({ mechanism }, { connection, version }) =>
  connection.authentication.handshake(mechanism, { isRaw: version === 0 }),
);
