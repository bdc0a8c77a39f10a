/**
 * SaslAuthenticate, versions 0 to 2: one message of the mechanism that SaslHandshake has chosen.
 *
 * A failure is answered with SASL_AUTHENTICATION_FAILED after a short delay, and ends the connection.
 */
import { saslAuthenticate } from '../wire/messages/36-sasl-authenticate.ts';
import { on } from './handler.ts';

export const saslAuthenticateHandler = on(saslAuthenticate, ({ authBytes }, { connection }) =>
  connection.authentication.authenticate(authBytes),
);
