import assert from 'node:assert/strict';
import { test } from 'node:test';
import { types } from 'cassandra-driver';
import { clientOptions } from './client-options.ts';

test('nodes that nobody named are reached at the port of the first that somebody did', () => {
  const portsOf = (contactPoints: readonly string[], port?: number) => {
    const options = clientOptions({ contactPoints, ...(port !== undefined && { port }) });
    return [options.contactPoints, options.protocolOptions?.port];
  };
  assert.deepEqual(portsOf(['a', 'b']), [['a:9042', 'b:9042'], 9042]);
  assert.deepEqual(portsOf(['a:9999', 'b']), [['a:9999', 'b:9042'], 9999]);
  assert.deepEqual(portsOf(['a'], 19_042), [['a:19042'], 19_042]);
});

test('reads and writes are LOCAL_QUORUM', () => {
  const { queryOptions } = clientOptions({ contactPoints: ['a'] });
  assert.equal(queryOptions?.consistency, types.consistencies.localQuorum);
});

test('with TLS only a certificate of the authority is good', () => {
  const { sslOptions } = clientOptions({ contactPoints: ['a'], tls: { ca: 'an authority' } });
  assert.deepEqual(sslOptions, { ca: 'an authority', rejectUnauthorized: true });
  assert.equal(clientOptions({ contactPoints: ['a'] }).sslOptions, undefined);
});
