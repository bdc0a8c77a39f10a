import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Who may ask the management server: anybody where there is no token, else who shows it as `Authorization: Bearer TOKEN`. */
export function mayAsk(request: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) return true;
  const [, shown = ''] = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  // Of the same length whatever was shown, and compared in the same time.
  return timingSafeEqual(digest(shown), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
