import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { startBrokerThread } from '@chat-cluster/broker/thread';
import { goShopping } from './go-shopping.ts';

const dir = mkdtempSync(join(tmpdir(), 'purchases-'));
after(() => rmSync(dir, { recursive: true }));

it('any processor tells what any user bought, and kill -9 changes no penny of it', async (t) => {
  const broker = await startBrokerThread({ dataDir: join(dir, 'broker') });
  t.after(() => broker.close());
  await goShopping(t, {
    kafkaPort: broker.port,
    journal: `lmdb:${join(dir, 'journal')}`,
    nodePorts: [19_741, 19_742, 19_745],
  });
});
