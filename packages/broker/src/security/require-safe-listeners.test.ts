import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ListenerSecurity } from './listener-security.ts';
import { requireSafeListeners } from './require-safe-listeners.ts';
import { testCertificates } from './test-certificates.ts';
import { tlsServerOptions } from './tls.ts';

const { ca, brokerCert: cert, brokerKey: key, clientKey } = testCertificates;

function check(host: string, security: ListenerSecurity = {}, users = {}): void {
  requireSafeListeners([{ host, port: 0, ...security }], users);
}

const noAuthentication = {
  name: 'BrokerStartError',
  code: 'NO_AUTHENTICATION',
  message: /can be reached from other machines.*; give the listener SASL .*\.$/,
};

describe('a listener', () => {
  test('that other machines can reach asks clients who they are', () => {
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'broker.example', '::ffff:10.0.0.1']) {
      assert.throws(() => check(host), noAuthentication, host);
      assert.throws(() => check(host, { tls: { key, cert } }), noAuthentication);
      assert.throws(
        () => check(host, { tls: { key, cert, ca, clientAuth: 'requested' } }),
        noAuthentication,
      );
      check(host, { tls: { key, cert, ca, clientAuth: 'required' } });
      check(host, { sasl: { mechanisms: ['SCRAM-SHA-256'] } });
      check(host, { allowUnauthenticated: true });
    }
  });

  test('of this machine alone need not', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) check(host);
  });

  test('has options that can work', () => {
    const invalid = { code: 'INVALID_SECURITY', message: /; correct the options\.$/ };
    const users = { alice: 'secret' };
    check('127.0.0.1', { sasl: { mechanisms: ['PLAIN'] } }, users);
    for (const sasl of [
      { mechanisms: [] },
      { mechanisms: ['GSSAPI' as 'PLAIN'] },
      { mechanisms: ['OAUTHBEARER' as const] },
      { mechanisms: ['PLAIN' as const], connectionsMaxReauthMs: 0 },
      { mechanisms: ['PLAIN' as const], connectionsMaxReauthMs: Number.NaN },
    ]) {
      assert.throws(() => check('127.0.0.1', { sasl }, users), invalid);
    }
    assert.throws(() => check('127.0.0.1', { sasl: { mechanisms: ['PLAIN'] } }), invalid);
    assert.throws(() => check('127.0.0.1', {}, { '': 'secret' }), invalid);
    assert.throws(() => check('127.0.0.1', {}, { alice: '' }), invalid);
  });
});

describe('keys and certificates', () => {
  test('that belong together are taken', () => {
    const { requestCert, rejectUnauthorized } = tlsServerOptions({
      key,
      cert,
      ca,
      clientAuth: 'required',
    });
    assert.deepEqual(
      { requestCert, rejectUnauthorized },
      { requestCert: true, rejectUnauthorized: true },
    );
  });

  test('that do not are refused, and nothing of a key is told', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    for (const tls of [
      { key: 'no key', cert },
      { key, cert: 'no certificate' },
      { key: clientKey, cert },
      { key: '', cert: '' },
      { key, cert, ca: 'no certificate' },
      { key, cert, ca: broken },
      { key, cert, ca: ca + broken },
      { key, cert, clientAuth: 'required' as const },
    ]) {
      const isSentence = (error: unknown): boolean => {
        assert.ok(error instanceof Error && 'code' in error);
        assert.equal(error.code, 'INVALID_SECURITY');
        assert.match(error.message, /; correct them\.$/);
        assert.doesNotMatch(error.message, /PRIVATE KEY|no key|MIG/);
        return true;
      };
      assert.throws(() => tlsServerOptions(tls), isSentence);
    }
  });
});
