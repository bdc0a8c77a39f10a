import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { startLocalProgram } from './local-program.ts';
import { Program } from './program.ts';

test('the entity of the guide counts visits, and both of its nodes answer for every page', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'visits-'));
  const local = await startLocalProgram(dir);
  const { kafkaPort } = local;
  const nodes = [startVisits(kafkaPort, dir), startVisits(kafkaPort, dir)];
  const ports = await Promise.all(nodes.map((node) => endpointOf(node)));
  const pages = Array.from({ length: 24 }, (_, index) => `page-${index}`);
  const log = openKafkaLog({
    bootstrap: [{ host: '127.0.0.1', port: kafkaPort }],
    clientId: 'visits-test',
  });
  const producer = log.openProducer();
  // All on one partition: what is not at home there is forwarded.
  const visit = (page: string) => ({ key: null, value: Buffer.from(page), headers: [] });
  await producer.send({ topic: 'visits', partition: 0 }, [...pages, ...pages].map(visit));
  for (const port of ports) {
    for (const page of pages) await untilCounted(port, page, 2);
  }
  await log.close();
  for (const node of nodes) assert.deepEqual(await node.stop('SIGINT'), { code: 0, signal: null });
  await local.program.stop();
  rmSync(dir, { recursive: true });
});

function startVisits(kafkaPort: number, dir: string): Program {
  return new Program('apps/visits/src/main.ts', [String(kafkaPort), '0', '0', dir]);
}

/** The port of its EntityService. */
async function endpointOf(node: Program): Promise<number> {
  const [, managementPort] = await node.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)\/ready/);
  const url = `http://127.0.0.1:${managementPort}/cluster/members`;
  const answer: unknown = await (await fetch(url)).json();
  const { members } = answer as { members: { endpoint: string; isThisNode: boolean }[] };
  const own = members.find(({ isThisNode }) => isThisNode);
  return Number(own?.endpoint.split(':').at(-1));
}

async function untilCounted(port: number, page: string, count: number): Promise<void> {
  for (;;) {
    const response = await fetch(
      `http://127.0.0.1:${port}/chatcluster.engine.v1.EntityService/Ask`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ entityType: 'visits', entityId: page }),
      },
    );
    const told: unknown = await response.json();
    assert.equal(response.status, 200, JSON.stringify(told));
    const { answer } = (told as { answer: { answer: string } }).answer;
    const state = JSON.parse(Buffer.from(answer, 'base64').toString()) as { count: number };
    if (state.count === count) return;
    assert.ok(state.count < count, `${page} was counted ${state.count} times.`);
  }
}
