import {
  codeToHttpStatus,
  errorToJsonBytes,
  parseTimeout,
} from '@connectrpc/connect/protocol-connect';
import type { UnaryProtocol } from './unary-protocol.ts';

const CONTENT_TYPE = 'application/proto';
const TIMEOUT_MS_MAX = Number.MAX_SAFE_INTEGER;

/** The Connect protocol, unary (https://connectrpc.com/docs/protocol): bodies are messages, an error is JSON with a status of HTTP. What nodes ask each other with. */
export const connectUnary: UnaryProtocol = {
  envelopeBytes: 0,

  timeoutMs(headers) {
    const shown = headers['connect-timeout-ms'];
    const { timeoutMs, error } = parseTimeout(
      shown === undefined ? null : String(shown),
      TIMEOUT_MS_MAX,
    );
    if (error !== undefined) throw error;
    return timeoutMs;
  },

  message: (body) => body,

  answer(stream, message) {
    stream.respond({ ':status': 200, 'content-type': CONTENT_TYPE });
    stream.end(message);
  },

  refuse(stream, error) {
    stream.respond({
      ...Object.fromEntries(error.metadata),
      ':status': codeToHttpStatus(error.code),
      'content-type': 'application/json',
    });
    stream.end(errorToJsonBytes(error, undefined));
  },
};
