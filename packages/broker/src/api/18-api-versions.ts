/**
 * ApiVersions, versions 0 to 4.
 *
 * - Lists exactly the handlers that are registered. A version that is not known is answered in version 0 with
 *   UNSUPPORTED_VERSION and the list (KIP-511); the header of the answer is always the old one.
 * - No features are named: no client then uses transactions version 2 or the new group protocol.
 */
import type { ApiFacts } from '../wire/api-declaration.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { apiVersions } from '../wire/messages/18-api-versions.ts';
import { on, UNKNOWN_VERSION, type ApiHandler } from './handler.ts';

const known = on(apiVersions, (_request, { broker }) => ({
  errorCode: ErrorCode.NONE,
  apiKeys: broker.apis.map(advertised),
}));

export const apiVersionsHandler: ApiHandler = {
  declaration: apiVersions,
  serve(body, context) {
    if (context.version !== UNKNOWN_VERSION) return known.serve(body, context);
    const apiKeys = context.broker.apis.map(advertised);
    const answer = { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys };
    return (writer) => apiVersions.response.encode(writer, answer, 0, false);
  },
};

function advertised({ key, advertisedVersions: { min, max } }: ApiFacts) {
  return { apiKey: key, minVersion: min, maxVersion: max };
}
