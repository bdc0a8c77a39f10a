import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { oauthBearer } from './oauth-bearer.ts';
import { Passwords } from './passwords.ts';
import { plain } from './plain.ts';
import type { SaslMechanism } from './sasl-mechanism.ts';
import { scram } from './scram.ts';

const credential = {
  salt: Buffer.alloc(24, 1),
  iterations: 4096,
  storedKey: Buffer.alloc(32, 2),
  serverKey: Buffer.alloc(32, 3),
};
const mechanisms: readonly SaslMechanism[] = [
  plain(new Passwords({ alice: 'a password that nobody guesses' })),
  scram('SCRAM-SHA-256', { credentialOf: () => credential, serverNonce: () => 'server' }),
  oauthBearer(() => Promise.resolve(null)),
];

/** Bytes, and pieces of what clients say in any order. */
const pieces = [
  ...['n,,', 'y,', 'p=x,,', 'n=alice', ',', 'r=nonce', 'r=nonceserver', 'c=biws', 'p=', 'AAAA'],
  ...['a=alice', 'm=', '=2C', '=', '\u0001', 'auth=Bearer ', 'x.y.z', '\0', 'alice'],
];
const message = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .array(fc.constantFrom(...pieces), { maxLength: 12 })
    .map((parts) => Buffer.from(parts.join(''))),
);

for (const mechanism of mechanisms) {
  test(`nobody gets in by chance with ${mechanism.name}, and nothing breaks`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 3 }), async (messages) => {
        const exchange = mechanism.begin();
        for (const said of messages) {
          const step = await exchange.next(said);
          assert.notEqual(step.kind, 'done');
          if (step.kind === 'failed') return;
        }
      }),
      { numRuns: 1_000 },
    );
  });
}
