import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { startBrokerThread, type Broker } from '@chat-cluster/broker';
import {
  USER_PROCESSING,
  UserStatsRequestSchema,
  UserStatsResponseSchema,
} from '@chat-cluster/contract/purchases';
import { homePartition } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { within } from '../crash/within.ts';
import { Program } from '../path/program.ts';

const SECRET = 'a secret of this test alone';
const PURCHASE_COUNT = 400;
const USER_COUNT = 100;
const WAIT_MS = 60_000;

type Answered = { answer: { answer?: string; seqNext?: string; worker: string } };

describe('any node answers for any entity', () => {
  const dir = mkdtempSync(join(tmpdir(), 'ask-anywhere-'));
  let broker: Broker;
  let programs: Program[] = [];
  /** Where the nodes answer: one with two workers, and one with one. */
  let endpoints: string[] = [];
  let managementUrls: string[] = [];

  before(async () => {
    broker = await startBrokerThread({ dataDir: join(dir, 'broker') });
    programs = [purchases('processor', ...processorArgs, '--workers', '2')];
    programs.push(purchases('processor', ...processorArgs, '--management-host', 'localhost'));
    const ready = programs.map((program) =>
      program.untilPrinted(/^Ready: node (\S+), management (\S+),/m),
    );
    endpoints = (await Promise.all(ready)).map(([, endpoint = '']) => endpoint);
    managementUrls = (await Promise.all(ready)).map(([, , url = '']) => url);
    const producer = purchases('producer', '--count', `${PURCHASE_COUNT}`, '--rate', '10000');
    assert.equal((await producer.ended).code, 0);
  });
  after(async () => {
    await Promise.all(programs.map((program) => program[Symbol.asyncDispose]()));
    await broker.close();
    rmSync(dir, { recursive: true });
  });

  const processorArgs = [
    ...['0', '0', '0', '--quiet', '--partitions', '12', '--secret', SECRET],
    ...['--journal', `lmdb:${join(dir, 'journal')}`],
  ];

  function purchases(command: string, ...args: readonly string[]): Program {
    const all = ['purchases', command, '--brokers', `127.0.0.1:${broker.port}`, ...args];
    return new Program('apps/cli/src/main.js', all);
  }

  /** JSON over HTTP, as curl would. */
  function post(endpoint: string, id: string, authorization: string): Promise<Response> {
    const request = toBinary(UserStatsRequestSchema, create(UserStatsRequestSchema, { id }));
    const question = Buffer.from(request).toString('base64');
    return fetch(`http://${endpoint}/chatcluster.engine.v1.EntityService/Ask`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify({ entityType: USER_PROCESSING, entityId: id, question }),
    });
  }

  /** How many purchases each user has made, and which worker said so. */
  function askAll(endpoint: string): Promise<{ count: number; worker: string }[]> {
    const users = Array.from({ length: USER_COUNT }, (_, user) => String(user));
    return Promise.all(
      users.map(async (id) => {
        const response = await post(endpoint, id, `Bearer ${SECRET}`);
        assert.equal(response.status, 200, await response.clone().text());
        const { answer, worker } = ((await response.json()) as Answered).answer;
        const stats = fromBinary(UserStatsResponseSchema, Buffer.from(answer ?? '', 'base64'));
        assert.equal(stats.id, id);
        return { count: Number(stats.totalPurchases), worker };
      }),
    );
  }

  it('each tells the same of every user, from whichever of the workers owns it', async () => {
    for (const endpoint of endpoints) {
      await within(WAIT_MS, async () => {
        const answers = await askAll(endpoint);
        const total = answers.reduce((sum, { count }) => sum + count, 0);
        const workers = new Set(answers.map(({ worker }) => worker));
        return total === PURCHASE_COUNT && workers.size === 3
          ? undefined
          : `${endpoint} knows all purchases, of three workers: ${total}, ${[...workers].join()}`;
      });
    }
    const [one = [], other = []] = await Promise.all(endpoints.map(askAll));
    assert.deepEqual(
      one.map(({ count }) => count),
      other.map(({ count }) => count),
    );
  });

  it('each tells what became of a purchase, named by its place, for it has no id', async () => {
    const explain = (endpoint: string, question: unknown): Promise<Response> =>
      fetch(`http://${endpoint}/chatcluster.engine.v1.EntityService/Explain`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${SECRET}` },
        body: JSON.stringify(question),
      });
    for (const endpoint of endpoints) {
      const record = { topic: 'user-events', partition: homePartition(Buffer.from('7'), 12) };
      const told = (await (await explain(endpoint, { record })).json()) as {
        explanations: { state: string; events: unknown[] }[];
      };
      assert.deepEqual(
        told.explanations.map(({ events, state }) => [state, events.length]),
        [['decided', 1]],
      );
      const refused = await explain(endpoint, { message: { messageId: '7' } });
      assert.equal(refused.status, 400);
      assert.match(
        await refused.text(),
        /records of user-events carry no id of their own: name the record by its topic, partition and offset/,
      );
    }
  });

  it('an operator sees what was refused, and sends it once more', async () => {
    const log = openKafkaLog({
      bootstrap: [{ host: '127.0.0.1', port: broker.port }],
      clientId: 'ask-anywhere-test',
    });
    const record = { key: null, value: Buffer.of(0xff), headers: [] };
    await log.openProducer().send({ topic: 'user-events', partition: 3 }, [record]);
    await log.close();
    const operate = async (...args: readonly string[]): Promise<string> => {
      const brokers = `127.0.0.1:${broker.port}`;
      const all = [...args, '--application', 'purchases', '--brokers', brokers];
      const program = new Program('apps/cli/src/main.js', ['dead-letters', ...all]);
      await program.ended;
      return program.stdout;
    };
    let position = '';
    const until = (refused: RegExp): Promise<void> =>
      within(WAIT_MS, async () => {
        const listed = await operate('list');
        position = refused.exec(listed)?.[1] ?? '';
        return position === '' ? `It is listed: ${listed}` : undefined;
      });
    await until(/^(\d+:\d+) .* user-events 3:\d+ {2}.*not a UserPurchaseProto/m);
    assert.match(await operate('show', position), /^value: +base64 \/w==$/m);
    assert.match(await operate('resend', position), /sent to user-events 3:\d+$/m);
    // It is refused again, and the first letter stays.
    await until(/user-events 3:\d+ {2}.*\n(\d+:\d+) .* user-events 3:\d+ {2}/);
  });

  it('each says where operators reach it', async () => {
    const hosts = await Promise.all(
      programs.map(async (program) => {
        const [, url = ''] = await program.untilPrinted(/management (http:\S+),/);
        assert.deepEqual(await (await fetch(`${url}/alive`)).json(), { alive: true });
        return new URL(url).hostname;
      }),
    );
    assert.deepEqual(hosts, ['127.0.0.1', 'localhost']);
  });

  it('nobody is told anything who does not know the secret', async () => {
    for (const endpoint of endpoints) {
      for (const authorization of ['', 'Bearer another secret, of nobody']) {
        assert.equal((await post(endpoint, '1', authorization)).status, 401);
      }
    }
  });

  it('what the workers of a node that stops had in memory goes on at the other', async () => {
    const [stopping, endpoint = '', url = ''] = [programs[0], endpoints[1], managementUrls[1]];
    assert.equal((await stopping?.stop())?.code, 0);
    await within(WAIT_MS, async () => {
      const answers = await askAll(endpoint);
      const workers = new Set(answers.map(({ worker }) => worker));
      return workers.size === 1 ? undefined : `One worker has all: ${[...workers].join()}`;
    });
    const answers = await askAll(endpoint);
    assert.equal(
      answers.reduce((sum, { count }) => sum + count, 0),
      PURCHASE_COUNT,
    );
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const [, handedOver] = /entities_handed_over_total\S* (\d+)/.exec(metrics) ?? [];
    assert.ok(Number(handedOver) > 0, `${handedOver} states were handed over.`);
  });
});
