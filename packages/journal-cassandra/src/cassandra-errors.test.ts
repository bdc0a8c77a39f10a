import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, types } from 'cassandra-driver';
import { JournalError, type JournalErrorCode } from '@chat-cluster/journal';
import { toJournalError } from './cassandra-errors.ts';

const { responseErrorCodes } = types;

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
  const error = toJournalError(
    new errors.ResponseError(responseErrorCodes.invalid, 'Batch too large'),
  );
  assert.ok(error instanceof JournalError && error.code === 'refused');
  assert.match(error.message, /batch_size_fail_threshold .* batchBytesMax/);
});

test('a mistake of the program is passed on as it is', () => {
  for (const error of [new TypeError('planted'), new errors.ArgumentError('planted')]) {
    assert.equal(toJournalError(error), error);
  }
});
