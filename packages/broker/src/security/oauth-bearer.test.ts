import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { oauthBearer } from './oauth-bearer.ts';
import { tokenVerifier } from './verify-token.ts';

const keys = await generateKeyPair('ES256');
const strangers = await generateKeyPair('ES256');
const publicKey = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'ES256' };
const options = { jwks: { keys: [publicKey] }, issuer: 'https://issuer', audience: 'broker' };

const NOW_S = 1_800_000_000;
const clock = { wallMs: () => NOW_S * 1000, monotonicMs: () => 0 };

function token(claims: Record<string, unknown>, key = keys.privateKey): Promise<string> {
  const payload = {
    iss: 'https://issuer',
    aud: 'broker',
    sub: 'alice',
    exp: NOW_S + 60,
    ...claims,
  };
  return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(key);
}

async function exchange(more: { principalClaim?: string } = {}) {
  const onError = (error: Error): never => assert.fail(error);
  return oauthBearer(await tokenVerifier({ ...options, ...more }, { clock, onError })).begin();
}

function initialResponse(bearer: string, header = 'n,,'): Buffer {
  return Buffer.from(`${header}\u0001auth=Bearer ${bearer}\u0001traceId=7\u0001\u0001`);
}

describe('OAUTHBEARER', () => {
  test('knows the user by a good token, as long as that is good', async () => {
    const step = await (await exchange()).next(initialResponse(await token({})));
    const expiresAtMs = (NOW_S + 60) * 1000;
    assert.deepEqual(step, {
      kind: 'done',
      message: new Uint8Array(0),
      user: 'alice',
      expiresAtMs,
    });
  });

  test('takes the name from the claim that it is told', async () => {
    const named = await exchange({ principalClaim: 'preferred_username' });
    const step = await named.next(initialResponse(await token({ preferred_username: 'al' })));
    assert.ok(step.kind === 'done');
    assert.equal(step.user, 'al');
    const missing = await exchange({ principalClaim: 'preferred_username' });
    assert.equal((await missing.next(initialResponse(await token({})))).kind, 'challenge');
  });

  test('answers a token that is not good with a challenge, and fails when that is acknowledged', async () => {
    const bad = {
      "a stranger's": await token({}, strangers.privateKey),
      'of another issuer': await token({ iss: 'https://other' }),
      'for somebody else': await token({ aud: 'other' }),
      expired: await token({ exp: NOW_S - 60 }),
      'not yet good': await token({ nbf: NOW_S + 120 }),
      'without expiry': await token({ exp: undefined }),
      'without name': await token({ sub: '' }),
      'with a name that is no text': await token({ sub: 7 }),
      unsigned: `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`,
      'no token': 'x.y.z',
    };
    for (const [what, bearer] of Object.entries(bad)) {
      const refusing = await exchange();
      const step = await refusing.next(initialResponse(bearer));
      assert.ok(step.kind === 'challenge', what);
      assert.equal(Buffer.from(step.message).toString(), '{"status":"invalid_token"}');
      assert.equal((await refusing.next(Buffer.from('\u0001'))).kind, 'failed', what);
      const again = await refusing.next(initialResponse(await token({})));
      assert.equal(again.kind, 'failed', 'a good token comes too late');
    }
  });

  test('lets nobody act for somebody else', async () => {
    const bearer = await token({});
    const other = await (await exchange()).next(initialResponse(bearer, 'n,a=admin,'));
    assert.ok(other.kind === 'failed');
    assert.match(other.reason ?? '', /authorization id/);
    assert.equal(
      (await (await exchange()).next(initialResponse(bearer, 'n,a=alice,'))).kind,
      'done',
    );
  });

  test('refuses what is not of its grammar', async () => {
    const messages = [
      '',
      'n,,',
      'n,,\u0001\u0001',
      'n,,\u0001auth=Basic abc\u0001\u0001',
      'n,,\u0001auth=Bearer a b\u0001\u0001',
    ];
    for (const message of [
      ...messages,
      'n,,\u0001auth=Bearer abc\u0001',
      'p=x,,\u0001auth=Bearer abc\u0001\u0001',
    ]) {
      assert.equal((await (await exchange()).next(Buffer.from(message))).kind, 'failed', message);
    }
  });

  test('tells once that the keys cannot be had', async () => {
    const errors: Error[] = [];
    const jwks = 'http://127.0.0.1:1/keys';
    const verify = await tokenVerifier(
      { ...options, jwks },
      { clock, onError: (error) => errors.push(error) },
    );
    assert.equal(await verify(await token({})), null);
    assert.equal(await verify(await token({})), null);
    assert.deepEqual(
      errors.map(({ message }) => message),
      [
        'The keys for OAUTHBEARER tokens cannot be read from 127.0.0.1:1; clients cannot authenticate with tokens until they can.',
      ],
    );
  });

  test('refuses keys that are none', async () => {
    const onError = (error: Error): never => assert.fail(error);
    for (const jwks of ['no url', 'file:///keys', {} as never]) {
      await assert.rejects(tokenVerifier({ ...options, jwks }, { clock, onError }), {
        code: 'INVALID_SECURITY',
      });
    }
  });
});
