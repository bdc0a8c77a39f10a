import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, types } from 'cassandra-driver';
import { JournalError, type JournalErrorCode } from '@chat-cluster/journal';
import { toJournalError } from './cassandra-errors.ts';
import type { OptionNames } from './option-names.ts';

const { responseErrorCodes } = types;

const names: OptionNames = {
  localDataCenter: '--data-center',
  replication: '--replication',
  credentials: '--user',
  tls: '--tls',
  batchBytesMax: '--batch',
};

function sentenceOf(error: unknown): string {
  const journalError = toJournalError(error, names);
  assert.ok(journalError instanceof JournalError);
  return journalError.message;
}

/** As when no node takes a connection. */
function noConnection(code: string, message = code): Error {
  const reason = Object.assign(new Error(message), { code });
  return new errors.NoHostAvailableError({ '10.0.0.1:9042': reason });
}

function codeOf(error: unknown): JournalErrorCode {
  const journalError = toJournalError(error);
  assert.ok(journalError instanceof JournalError);
  assert.equal(journalError.cause !== undefined, true);
  return journalError.code;
}

test('what may pass is unavailable', () => {
  for (const code of [
    responseErrorCodes.serverError,
    responseErrorCodes.unavailableException,
    responseErrorCodes.overloaded,
    responseErrorCodes.isBootstrapping,
    responseErrorCodes.writeTimeout,
    responseErrorCodes.readTimeout,
    responseErrorCodes.readFailure,
    responseErrorCodes.writeFailure,
  ]) {
    assert.equal(codeOf(new errors.ResponseError(code, 'planted')), 'unavailable');
  }
  assert.equal(codeOf(new errors.OperationTimedOutError('planted')), 'unavailable');
  assert.equal(codeOf(new errors.BusyConnectionError('a', 1, 1)), 'unavailable');
  const noHost = new errors.NoHostAvailableError({ a: new Error('connect ECONNREFUSED') });
  assert.equal(codeOf(noHost), 'unavailable');
  assert.equal(codeOf(new errors.NoHostAvailableError(null)), 'unavailable');
  // The driver's word for a node that it did not ask.
  const notAsked = new errors.NoHostAvailableError({ a: 'Host considered as DOWN', b: null });
  assert.equal(codeOf(notAsked), 'unavailable');
  assert.match(sentenceOf(notAsked), /\(a: Host considered as DOWN, b: null\)/);
});

test('what a person must look at is refused', () => {
  for (const code of [
    responseErrorCodes.unauthorized,
    responseErrorCodes.badCredentials,
    responseErrorCodes.syntaxError,
    responseErrorCodes.configError,
    responseErrorCodes.invalid,
  ]) {
    assert.equal(codeOf(new errors.ResponseError(code, 'planted')), 'refused');
  }
  const password = new errors.NoHostAvailableError({ a: new errors.AuthenticationError('wrong') });
  assert.equal(codeOf(password), 'refused');
});

test('a batch that is too large for Cassandra names both settings', () => {
  const error = new errors.ResponseError(responseErrorCodes.invalid, 'Batch too large');
  assert.equal(codeOf(error), 'refused');
  assert.match(sentenceOf(error), /batch_size_fail_threshold .* or lower --batch\.$/);
});

test('who is not let in is told why, and what to set', () => {
  const wrong = new errors.AuthenticationError('Provided username a and/or password are incorrect');
  const sentence =
    'Cassandra does not let this user in: Provided username a and/or password are incorrect. Set --user.';
  for (const error of [wrong, new errors.NoHostAvailableError({ a: wrong })]) {
    assert.equal(codeOf(error), 'refused');
    assert.equal(sentenceOf(error), sentence);
  }
  const missing = new errors.AuthenticationError(
    'Host 10.0.0.1:9042 requires authentication, but no authenticator found in the options',
  );
  assert.equal(
    sentenceOf(new errors.NoHostAvailableError({ a: missing })),
    'Cassandra asks for a user and a password. Set --user.',
  );
});

test('a data center that is not there is refused, with those that are', () => {
  const missing = new errors.ArgumentError(
    "localDataCenter was configured as 'x', but only found hosts in data centers: [dc1, dc2]",
  );
  const error = new errors.NoHostAvailableError({ a: missing });
  assert.equal(codeOf(error), 'refused');
  assert.equal(
    sentenceOf(error),
    'Cassandra has no such data center; it has dc1, dc2. Set --data-center to one of them.',
  );
});

test('a connection that TLS keeps from being made may come later, and what to look at is told', () => {
  for (const code of [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'ERR_OSSL_PEM_NO_START_LINE',
  ]) {
    const error = noConnection(code, 'planted\n');
    assert.equal(codeOf(error), 'unavailable');
    assert.match(sentenceOf(error), /\(10\.0\.0\.1:9042: planted\)\. Look at --tls: /, code);
  }
  assert.match(sentenceOf(noConnection('ECONNRESET')), /if they want TLS, set --tls\.$/);
  assert.doesNotMatch(sentenceOf(noConnection('ECONNREFUSED')), /TLS/);
});

test('a mistake of the program is passed on as it is', () => {
  for (const error of [new TypeError('planted'), new errors.ArgumentError('planted')]) {
    assert.equal(toJournalError(error), error);
  }
});
