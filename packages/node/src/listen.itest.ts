import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { closeServer, listenOnLoopback } from './listen.ts';

test('a connection that has said nothing does not keep a server open', async () => {
  const server = createServer();
  const port = await listenOnLoopback(server, { port: 0, setting: '--port' });
  const taken = once(server, 'connection');
  const silent = connect(port, '127.0.0.1');
  await taken;
  const closed = once(silent, 'close');
  silent.resume();
  await closeServer(server);
  await closed;
  assert.equal(server.listening, false);
});
