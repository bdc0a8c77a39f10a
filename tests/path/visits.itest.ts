import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Log, Producer } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { within } from '../crash/within.ts';
import { type LocalProgram, startLocalProgram } from './local-program.ts';
import { Program } from './program.ts';

const PARTITION_COUNT = 12;
const PAGES = Array.from({ length: 24 }, (_, index) => `page-${index}`);
const WAIT_MS = 60_000;
/** A milestone is put out every so many visits. */
const MILESTONE = 100;

describe('the entity of the guide', () => {
  const dir = mkdtempSync(join(tmpdir(), 'visits-'));
  const nodes: Program[] = [];
  let local: LocalProgram;
  let log: Log;
  let producer: Producer;

  before(async () => {
    local = await startLocalProgram(dir);
    const bootstrap = [{ host: '127.0.0.1', port: local.kafkaPort }];
    log = openKafkaLog({ bootstrap, clientId: 'visits-test' });
    producer = log.openProducer();
    nodes.push(startVisits(), startVisits());
    await Promise.all(nodes.map((node) => endpointOf(node)));
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    await log.close();
    await local.program.stop();
    rmSync(dir, { recursive: true });
  });

  const startVisits = (): Program =>
    new Program('apps/visits/src/main.ts', [String(local.kafkaPort), '0', '0', dir]);

  /** Visits each page so often, each time all on one partition: what is not at home there is forwarded. */
  const visitAll = async (times: number): Promise<void> => {
    const visits = PAGES.map((page) => ({ key: null, value: Buffer.from(page), headers: [] }));
    const partitions = Array.from({ length: times }, (_, round) => round % PARTITION_COUNT);
    await Promise.all(
      partitions.map((partition) => producer.send({ topic: 'visits', partition }, visits)),
    );
  };

  it('counts visits, and both of its nodes answer for every page', async () => {
    await visitAll(2);
    for (const node of nodes) await untilCounted(await endpointOf(node), 2);
  });

  it('counts each once, and puts each milestone out once, when a node is killed at work and another comes', async () => {
    await visitAll(MILESTONE - 2);
    const visiting = visitAll(MILESTONE);
    // What it has in work now is decided, and perhaps written, and not all committed.
    await nodes.pop()?.kill();
    await visiting;
    const [survivor] = nodes;
    assert.ok(survivor);
    await untilCounted(await endpointOf(survivor), 2 * MILESTONE);
    nodes.push(startVisits());
    for (const node of nodes) await untilCounted(await endpointOf(node), 2 * MILESTONE);
    const expected = PAGES.flatMap((page) => [`${page} ${MILESTONE}`, `${page} ${2 * MILESTONE}`]);
    assert.deepEqual((await milestones(log)).toSorted(), expected.toSorted());
  });

  it('has topics from which nothing is deleted for the time that a sender gave, and no event at all', async () => {
    const names = ['message.timestamp.type', 'retention.ms', 'retention.bytes', 'cleanup.policy'];
    const made = ['visits_events', 'milestones', 'visits_dead_letter', 'visits_quarantine'];
    for (const topic of made) {
      const configs = await log.admin.topicConfigs(topic, names);
      assert.equal(configs['message.timestamp.type'], 'LogAppendTime', topic);
    }
    assert.deepEqual(await log.admin.topicConfigs('visits_events', names), {
      'message.timestamp.type': 'LogAppendTime',
      'retention.ms': '-1',
      'retention.bytes': '-1',
      'cleanup.policy': 'delete',
    });
  });

  it('stops when it is asked to', async () => {
    for (const node of nodes) {
      assert.deepEqual(await node.stop('SIGINT'), { code: 0, signal: null });
    }
  });
});

/** The port of its EntityService. */
async function endpointOf(node: Program): Promise<number> {
  const [, managementPort] = await node.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)\/ready/);
  const url = `http://127.0.0.1:${managementPort}/cluster/members`;
  const answer: unknown = await (await fetch(url)).json();
  const { members } = answer as { members: { endpoint: string; isThisNode: boolean }[] };
  const own = members.find(({ isThisNode }) => isThisNode);
  return Number(own?.endpoint.split(':').at(-1));
}

/** Resolves when this node tells of every page that it has been visited so often; fails when it tells of more visits. */
async function untilCounted(port: number, expected: number): Promise<void> {
  for (const page of PAGES) {
    let count: number | undefined;
    await within(WAIT_MS, async () => {
      count = await countOf(port, page);
      const isReached = count !== undefined && count >= expected;
      return isReached ? undefined : `${page} was counted ${count} times.`;
    });
    assert.equal(count, expected, page);
  }
}

/** Undefined while its shard moves. */
async function countOf(port: number, page: string): Promise<number | undefined> {
  const url = `http://127.0.0.1:${port}/chatcluster.engine.v1.EntityService/Ask`;
  const body = JSON.stringify({ entityType: 'visits', entityId: page });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body });
  const told: unknown = await response.json();
  if (response.status === 503) return undefined;
  assert.equal(response.status, 200, JSON.stringify(told));
  const { answer } = (told as { answer: { answer: string } }).answer;
  return (JSON.parse(Buffer.from(answer, 'base64').toString()) as { count: number }).count;
}

/** What has been put out, as `page count`. */
async function milestones(log: Log): Promise<string[]> {
  const found: string[] = [];
  const [topic] = await log.admin.describeTopics(['milestones']);
  assert.ok(topic);
  for (let partition = 0; partition < topic.partitionCount; partition += 1) {
    const at = { ...topic, partition };
    const [offsetUntil = 0] = await log.admin.listOffsets([{ ...at, at: 'latest' }]);
    const visit = ({ value }: { readonly value: Uint8Array | null }): void => {
      const told: unknown = JSON.parse(Buffer.from(value ?? []).toString());
      const { page, count } = told as { page: string; count: number };
      found.push(`${page} ${count}`);
    };
    await log.readRange({ ...at, offsetFrom: 0, offsetUntil, visit });
  }
  return found;
}
