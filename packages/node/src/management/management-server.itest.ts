import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startManagementServer, type ManagementServer } from './management-server.ts';
import { plantedShard, plantedWorker } from './planted-workers.ts';

const worker = plantedWorker({ shards: [plantedShard(0, { entityCount: 3 }), plantedShard(2)] });

function start(token?: string): Promise<ManagementServer> {
  return startManagementServer({
    address: { port: 0, token },
    entityType: 'user-processing',
    look: async () => [worker],
    explain: async (question) => ({
      kind: 'explained',
      explanations: [],
      searched: JSON.stringify(question),
    }),
    report: () => assert.fail('Everything is answered.'),
  });
}

describe('the management server', () => {
  let server: ManagementServer;

  before(async () => {
    server = await start();
  });
  after(() => server.close());

  async function ask(path: string, init?: RequestInit): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
    return { status: response.status, body: await response.json() };
  }

  it('is alive before the node is ready', async () => {
    assert.deepEqual(await ask('/alive'), { status: 200, body: { alive: true } });
    assert.equal((await ask('/ready')).status, 503);
    server.ready();
    assert.deepEqual(await ask('/ready'), { status: 200, body: { ready: true, troubles: [] } });
  });

  it('lists the shards of the entity type, as few or as much as is asked for', async () => {
    const path = '/cluster/shards/user-processing';
    const { body } = await ask(path);
    assert.deepEqual(body, {
      regions: [
        { shardId: '0', numEntities: 3 },
        { shardId: '2', numEntities: 0 },
      ],
    });
    const detailed = (await ask(`${path}?detail`)).body as { regions: { phase: string }[] };
    assert.deepEqual(
      detailed.regions.map(({ phase }) => phase),
      ['running', 'running'],
    );
    const all = (await ask(`${path}?all`)).body as { regions: { owner: string | null }[] };
    assert.deepEqual(
      all.regions.map(({ owner }) => owner),
      ['a', 'b', 'a', null],
    );
  });

  it('names the entity types that it knows to whoever asks for another', async () => {
    const { status, body } = await ask('/cluster/shards/user');
    assert.equal(status, 404);
    assert.deepEqual(body, {
      error: 'This node has no entities of type "user"; it has user-processing.',
      entityTypes: ['user-processing'],
    });
  });

  it('says where to look to whoever asks for something else, and takes no other method', async () => {
    const { status, body } = await ask('/');
    assert.equal(status, 404);
    assert.match(JSON.stringify(body), /\/cluster\/shards\/user-processing/);
    assert.equal((await ask('/alive', { method: 'POST' })).status, 405);
  });

  it('hands questions about records on', async () => {
    assert.deepEqual((await ask('/explain?messageId=m')).body, {
      explanations: [],
      searched: '{"kind":"message","messageId":"m"}',
    });
  });

  it('tells the metrics as Prometheus reads them', async () => {
    const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    assert.match(await response.text(), /^chatcluster_events_committed_total 9$/m);
  });
});

it('with a token, it answers nothing to those who do not show it', async (context) => {
  const server = await start('a long token');
  context.after(() => server.close());
  const statusOf = async (authorization?: string): Promise<number> => {
    const headers = authorization === undefined ? {} : { authorization };
    const response = await fetch(`http://127.0.0.1:${server.port}/alive`, { headers });
    return response.status;
  };
  assert.equal(await statusOf(), 401);
  assert.equal(await statusOf('Bearer another one'), 401);
  assert.equal(await statusOf('Basic a long token'), 401);
  assert.equal(await statusOf('Bearer a long token'), 200);
});

it('what cannot be answered is told to who asked and to who reads the log, and the next one is answered', async (context) => {
  const told: unknown[] = [];
  const broken = new Error('A worker answers nonsense.');
  const server = await startManagementServer({
    address: { port: 0 },
    entityType: 'user-processing',
    look: () => Promise.reject(broken),
    explain: () => Promise.reject(broken),
    report: (...said) => told.push(said),
  });
  context.after(() => server.close());
  const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${server.port}${path}`);
  const paths = ['/ready', '/metrics', '/cluster/members', '/explain'];
  for (const path of paths) {
    const response = await ask(`${path}?messageId=m`);
    assert.equal(response.status, 500);
    assert.match(JSON.stringify(await response.json()), /could not be answered: the node’s log/);
  }
  const sentence = 'The management server could not answer.';
  assert.deepEqual(
    told,
    paths.map((path) => ['error', sentence, { path, error: broken }]),
  );
  assert.equal((await ask('/alive')).status, 200);
});
