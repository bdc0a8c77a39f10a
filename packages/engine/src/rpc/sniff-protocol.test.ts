import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protocolOf } from './sniff-protocol.ts';

test('what a client speaks is told by its first bytes, however few come at a time', () => {
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  for (let length = 0; length < preface.length; length++) {
    assert.equal(protocolOf(preface.subarray(0, length)), undefined);
  }
  assert.equal(protocolOf(preface), 'http/2');
  assert.equal(protocolOf(Buffer.concat([preface, Buffer.from('more')])), 'http/2');
  assert.equal(protocolOf(Buffer.from('P')), undefined);
  assert.equal(protocolOf(Buffer.from('PO')), 'http/1');
  assert.equal(protocolOf(Buffer.from('\0')), 'http/1');
  assert.equal(protocolOf(Buffer.from('PRI * HTTP/1.1\r\n')), 'http/1');
});
