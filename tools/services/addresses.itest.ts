import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { assertAddressFree } from './addresses.ts';

it('an address that another program listens on is refused by name, with what to do', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const taken = assertAddressFree({ host: '127.0.0.1', port }, 'Kafka (--kafka-port 1)');
  await assert.rejects(taken, {
    code: 'address-taken',
    message: `127.0.0.1:${port} is taken by another program, and Kafka (--kafka-port 1) needs it. Stop that program, or choose another port.`,
  });
  await new Promise((resolve) => server.close(resolve));
  await assertAddressFree({ host: '127.0.0.1', port }, 'Kafka (--kafka-port 1)');
});

it('an address that the machine does not have is refused by name, with what to do', async () => {
  // 192.0.2.0/24 is set apart for documentation (RFC 5737): no machine has such an address.
  const missing = assertAddressFree({ host: '192.0.2.1', port: 19_099 }, 'Cassandra');
  await assert.rejects(missing, { code: 'address-unusable', message: /no address 192\.0\.2\.1/ });
});
