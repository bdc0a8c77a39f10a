import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Passwords } from './passwords.ts';
import { plain } from './plain.ts';

const mechanism = plain(new Passwords({ alice: 'secret', Zoë: 'Grüße, 世界' }));

function step(message: string | Uint8Array) {
  return mechanism.begin().next(Buffer.from(message));
}

describe('PLAIN', () => {
  test('knows a user by the password, who may name itself as whom it acts for', () => {
    for (const [message, user] of [
      ['\0alice\0secret', 'alice'],
      ['alice\0alice\0secret', 'alice'],
      ['\0Zoë\0Grüße, 世界', 'Zoë'],
    ] as const) {
      const message0 = new Uint8Array(0);
      assert.deepEqual(step(message), { kind: 'done', message: message0, user, expiresAtMs: null });
    }
  });

  test('says the same of a wrong password and of an unknown user', () => {
    const messages = ['\0alice\0Secret', '\0alice\0secret ', '\0mallory\0secret', '\0__proto__\0x'];
    for (const message of messages) {
      assert.deepEqual(step(message), {
        kind: 'failed',
        reason: 'Authentication failed: Invalid username or password',
      });
    }
  });

  test('lets nobody act for somebody else, and tells that only to who knows the password', () => {
    const reasonOf = (message: string) => {
      const result = step(message);
      assert.ok(!(result instanceof Promise) && result.kind === 'failed');
      return result.reason;
    };
    assert.match(reasonOf('Zoë\0alice\0secret') ?? '', /authorization id/);
    assert.match(reasonOf('Zoë\0alice\0wrong') ?? '', /Invalid username or password/);
  });

  test('refuses what is not of its grammar', () => {
    const messages = [
      '',
      'alice',
      'alice\0secret',
      '\0alice\0secret\0more',
      '\0\0secret',
      '\0alice\0',
    ];
    for (const message of [...messages, Buffer.from([0, 0x61, 0, 0xff])]) {
      const result = step(message);
      assert.ok(!(result instanceof Promise));
      assert.equal(result.kind, 'failed', message.toString());
    }
  });
});
