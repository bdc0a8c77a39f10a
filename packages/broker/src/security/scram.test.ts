import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, test } from 'node:test';
import type { SaslStep } from './sasl-mechanism.ts';
import {
  SCRAM,
  saltedPassword,
  scramCredential,
  type ScramCredential,
  type ScramName,
} from './scram-credential.ts';
import { readClientFinal, readClientFirst } from './scram-messages.ts';
import { scram } from './scram.ts';

const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const NONCE = 'rOprNGfwEbeRWgbNEkqO';
const SERVER_NONCE = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';

function credential(name: ScramName, password = 'pencil'): Promise<ScramCredential> {
  const salt = SALT;
  const iterations = 4096;
  return saltedPassword(name, { password, salt, iterations }).then((salted) =>
    scramCredential(name, { salted, salt, iterations }),
  );
}

/** Lets a client say this, one message after the other; gives the server's last step. */
async function afterAll(name: ScramName, messages: readonly (string | Uint8Array)[]) {
  const known = await credential(name);
  const exchange = scram(name, {
    credentialOf: () => known,
    serverNonce: () => SERVER_NONCE,
  }).begin();
  let step: SaslStep | undefined;
  for (const message of messages) step = await exchange.next(Buffer.from(message));
  assert.ok(step);
  return step.kind === 'failed' ? step : { ...step, message: Buffer.from(step.message).toString() };
}

const first = `n,,n=user,r=${NONCE}`;
const challenge = `r=${NONCE}${SERVER_NONCE},s=${SALT.toString('base64')},i=4096`;
const final = `c=biws,r=${NONCE}${SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
const failure = { kind: 'failed', reason: null };

const usual = `c=biws,r=${NONCE}${SERVER_NONCE}`;

/** What a client that knows the password says last, and what it expects to hear. */
function lastMessage(name: ScramName, withoutProof = usual) {
  const { hash, hashBytes } = SCRAM[name];
  const hmac = (key: Buffer, text: string) => createHmac(hash, key).update(text).digest();
  const salted = pbkdf2Sync('pencil', SALT, 4096, hashBytes, hash);
  const clientKey = hmac(salted, 'Client Key');
  const authMessage = `n=user,r=${NONCE},${challenge},${withoutProof}`;
  const signature = hmac(createHash(hash).update(clientKey).digest(), authMessage);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  return {
    message: `${withoutProof},p=${proof.toString('base64')}`,
    serverSignature: hmac(hmac(salted, 'Server Key'), authMessage).toString('base64'),
  };
}

describe('SCRAM', () => {
  test('is that of RFC 7677', async () => {
    assert.deepEqual(await afterAll('SCRAM-SHA-256', [first]), {
      kind: 'challenge',
      message: challenge,
    });
    assert.deepEqual(await afterAll('SCRAM-SHA-256', [first, final]), {
      kind: 'done',
      message: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
      user: 'user',
      expiresAtMs: null,
    });
  });

  test('knows a client of SHA-512 by the formula of RFC 5802, and the client it', async () => {
    const { message, serverSignature } = lastMessage('SCRAM-SHA-512');
    assert.deepEqual(await afterAll('SCRAM-SHA-512', [first, message]), {
      kind: 'done',
      message: `v=${serverSignature}`,
      user: 'user',
      expiresAtMs: null,
    });
  });

  test('fails for another nonce or channel binding, although the proof fits', async () => {
    assert.equal(lastMessage('SCRAM-SHA-256').message, final);
    const nonce = `${NONCE}${SERVER_NONCE}`;
    for (const withoutProof of [`c=biws,r=${NONCE}`, `c=biws,r=${nonce}x`, `c=eSws,r=${nonce}`]) {
      const { message } = lastMessage('SCRAM-SHA-256', withoutProof);
      assert.deepEqual(await afterAll('SCRAM-SHA-256', [first, message]), failure, withoutProof);
    }
    const extended = lastMessage('SCRAM-SHA-256', `c=biws,r=${nonce},x=1`);
    assert.equal((await afterAll('SCRAM-SHA-256', [first, extended.message])).kind, 'done');
  });

  test('fails for another proof, nonce, channel binding or grammar, always alike', async () => {
    const wrong = {
      proof: final.replace('dHzb', 'eHzb'),
      'short proof': final.replace(/p=.*/, 'p=AAAA'),
      nonce: final.replace('hNlF', 'hNlG'),
      "client's nonce alone": final.replace(SERVER_NONCE, ''),
      'channel binding': final.replace('biws', Buffer.from('y,,').toString('base64')),
      'no proof': final.replace(/,p=.*/, ''),
      'no text': Buffer.from([0xff, 0xfe]),
      nothing: '',
    };
    for (const [what, message] of Object.entries(wrong)) {
      assert.deepEqual(await afterAll('SCRAM-SHA-256', [first, message]), failure, what);
    }
    const malformed = [
      '',
      'n,,n=user',
      'p=tls-unique,,n=user,r=x',
      `n,,m=ext,n=user,r=x`,
      'n,,n=a=b,r=x',
      'n,,n=user,r=',
    ];
    for (const message of [...malformed, Buffer.from([0xff])]) {
      assert.deepEqual(await afterAll('SCRAM-SHA-256', [message]), failure, message.toString());
    }
  });

  test('lets nobody act for somebody else', async () => {
    const step = await afterAll('SCRAM-SHA-256', [`n,a=admin,n=user,r=${NONCE}`]);
    assert.ok(step.kind === 'failed');
    assert.match(step.reason ?? '', /authorization id that is different from username/);
    const same = await afterAll('SCRAM-SHA-256', [`n,a=user,n=user,r=${NONCE}`]);
    assert.equal(same.kind, 'challenge');
  });

  test('has a nonce of its own each time', async () => {
    const known = await credential('SCRAM-SHA-256');
    const mechanism = scram('SCRAM-SHA-256', { credentialOf: () => known });
    const challenges = [1, 2].map(() => {
      const step = mechanism.begin().next(Buffer.from(first));
      assert.ok(!(step instanceof Promise) && step.kind === 'challenge');
      return Buffer.from(step.message).toString();
    });
    assert.match(challenges[0] ?? '', new RegExp(`^r=${NONCE}[\\w-]{32},s=`));
    assert.notEqual(challenges[0], challenges[1]);
  });
});

describe('the messages of SCRAM', () => {
  test('have names with commas and equals signs', () => {
    const read = readClientFirst('y,a=x=3Dy,n=a=2Cb=3Dc=3D2C,r=nonce,tokenauth=true');
    assert.deepEqual(read, {
      authorizationId: 'x=y',
      user: 'a,b=c=2C',
      nonce: 'nonce',
      gs2Header: 'y,a=x=3Dy,',
      bare: 'n=a=2Cb=3Dc=3D2C,r=nonce,tokenauth=true',
    });
  });

  test('may have extensions before the proof', () => {
    const read = readClientFinal('c=biws,r=nonce,x=1,p=AAAA');
    assert.equal(read?.withoutProof, 'c=biws,r=nonce,x=1');
    assert.equal(read.proof.byteLength, 3);
  });
});
