import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { type Broker, startBrokerThread } from '@chat-cluster/broker';
import { testCertificates } from '@chat-cluster/engine/test-certificates';
import { within } from '../crash/within.ts';
import { Processor, startProducer } from '../purchases/purchases-cluster.ts';
import { topicTotals } from '../purchases/topic-totals.ts';

const { ca, cert, key, strangerCert, strangerKey } = testCertificates;
const PURCHASE_COUNT = 400;
const WAIT_MS = 60_000;

/** The operator of a node is told this of each other node. */
const SHUT_OUT =
  /Node \S+ at 127\.0\.0\.1:\d+ does not let this node in\. Give all nodes the same/g;
/** Who asks it about a user of another node's is told this. */
const TOLD =
  /did not answer within 5000 ms: its owner \S+ at \S+ did not let this node in \(This port is for nodes that show a certificate it trusts\.\)/;

describe('nodes with certificates', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mutual-tls-'));
  let broker: Broker;
  let processors: Processor[] = [];

  before(async () => {
    for (const [name, pem] of Object.entries(testCertificates)) {
      writeFileSync(join(dir, `${name}.pem`), pem);
    }
    broker = await startBrokerThread({ dataDir: join(dir, 'broker') });
    processors = [await start('cert', 'key')];
    processors.push(await start('cert', 'key'));
    const much = { count: PURCHASE_COUNT, rate: 10_000 };
    assert.equal((await startProducer(broker.port, much).ended).code, 0);
  });
  after(async () => {
    await Promise.all(processors.map(({ program }) => program[Symbol.asyncDispose]()));
    await broker.close();
    rmSync(dir, { recursive: true });
  });

  it('answer each other, so that each tells what every user bought', async () => {
    await within(WAIT_MS, async () => {
      const counts = await Promise.all(processors.map((processor) => processor.shardCount()));
      return counts.every((count) => count === 6)
        ? undefined
        : `They have ${counts.join()} shards.`;
    });
    const expected = await topicTotals(broker.port);
    await Promise.all(
      processors.map((processor) =>
        within(WAIT_MS, async () => {
          const told = await processor.totalsOf(expected.keys());
          const wrong = [...expected].filter(([user, total]) => told.get(user) !== total);
          return wrong.length === 0 ? undefined : `${wrong.length} totals differ.`;
        }),
      ),
    );
  });

  it('tell who shows no certificate, or one of another authority, why they do not answer', async () => {
    const shown = { none: {}, strange: { cert: strangerCert, key: strangerKey } };
    for (const credentials of Object.values(shown)) {
      const refused = await askEndpoint(credentials);
      assert.equal(refused.status, 401);
      assert.match(refused.body, /This port is for nodes that show a certificate it trusts\./);
    }
    assert.equal((await askEndpoint({ cert, key })).status, 200);
  });

  /** It came into the group, which Kafka decides; the other nodes believe it nothing. */
  it('do not let a node in with a certificate of another authority: it says so to its operator, and to who asks it', async () => {
    const stranger = await start('strangerCert', 'strangerKey');
    processors.push(stranger);
    await within(WAIT_MS, async () => {
      const toldOf = stranger.program.stderr.match(SHUT_OUT)?.length ?? 0;
      return toldOf === 2 ? undefined : `It tells of two nodes: ${stranger.program.stderr}`;
    });
    const elsewhere = await askUntilRefused(stranger);
    assert.match(elsewhere, TOLD);
  });

  function start(certName: string, keyName: string): Promise<Processor> {
    const file = (name: string): string => join(dir, `${name}.pem`);
    const tls = ['--tls-cert', file(certName), '--tls-key', file(keyName), '--tls-ca', file('ca')];
    return Processor.start({
      kafkaPort: broker.port,
      journal: `lmdb:${join(dir, 'journal')}`,
      nodePort: 0,
      args: ['--quiet', '--partitions', '12', ...tls],
    });
  }

  /** The map of shards, as JSON over HTTP. */
  async function askEndpoint(credentials: {
    readonly cert?: string;
    readonly key?: string;
  }): Promise<{ readonly status: number | undefined; readonly body: string }> {
    const { program } = processors[0]!;
    const [, port] = /^Ready: node 127\.0\.0\.1:(\d+)/m.exec(program.stdout) ?? [];
    const url = `https://127.0.0.1:${port}/chatcluster.engine.v1.EntityService/ShardMap`;
    const headers = { 'content-type': 'application/json' };
    const answered = Promise.withResolvers<{ status: number | undefined; body: string }>();
    const asking = request(url, { method: 'POST', headers, ca, ...credentials }, (response) => {
      text(response).then(
        (body) => answered.resolve({ status: response.statusCode, body }),
        answered.reject,
      );
    });
    asking.on('error', answered.reject);
    asking.end(JSON.stringify({ entityType: 'user-processing' }));
    return answered.promise;
  }
});

/** The sentence of the first user of whom it tells nothing. */
async function askUntilRefused(processor: Processor): Promise<string> {
  for (let user = 0; user < 100; user += 1) {
    const told = await Promise.allSettled([processor.totalsOf([String(user)])]);
    if (told[0].status === 'rejected') return String(told[0].reason);
  }
  return 'It tells of everybody.';
}
