import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineLimits } from '@chat-cluster/engine';
import type { Log } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { type Services, startServices } from '../../tools/services/start-services.ts';
import { Answers } from './answers.ts';
import { assertClean } from './check.ts';
import { Load, type LoadOptions, messagesAlone } from './load.ts';
import { NodePair } from './node-pair.ts';
import { within } from './within.ts';

const KAFKA_PORT = 19_730;
const CASSANDRA_PORT = 19_740;
const JOURNAL = `cassandra:127.0.0.1:${CASSANDRA_PORT}/away`;
const PARTITION_COUNT = 12;
const CONVERSATION_COUNT = 200;

const MIB = 1024 * 1024;

/** How long Cassandra is away where nobody may notice, and how often we look. */
const AWAY_MS = 60_000;
const LOOK_EVERY_MS = 5_000;
/** No message takes longer meanwhile, with much to spare for a machine under load; one that waits for Cassandra takes up to AWAY_MS. */
const DELAY_MS_MAX = 5_000;
/** What was sent last is answered within this, with much to spare for a machine under load. */
const ANSWER_WAIT_MS = 20_000;

const SMALL_BACKLOG: Partial<EngineLimits> = { backlogBytesMax: 8 * MIB };
/** The cap is looked at before each record: the last one may go over it. */
const BACKLOG_OVERSHOOT_BYTES = 64 * 1024;
const PAUSE_WAIT_MS = 60_000;
/** Of records that come in while intake is paused: a node that kept them would grow by half of it. */
const BYTES_WHILE_PAUSED = 120 * MIB;
/** What the memory of a node that stands still may grow by: answers of Kafka under way, garbage. */
const GROWTH_BYTES_MAX = 32 * MIB;
const BYTES_WHILE_PAUSED_WAIT_MS = 120_000;

describe('the journal in Cassandra, away under load', { timeout: 600_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'journal-away-'));
  let services: Services;
  let log: Log;

  before(async () => {
    const ports = { kafkaPort: KAFKA_PORT, cassandraPort: CASSANDRA_PORT };
    services = await startServices({ dir, ...ports });
    const bootstrap = [{ host: '127.0.0.1', port: KAFKA_PORT }];
    log = openKafkaLog({ bootstrap, clientId: 'journal-away' });
  });
  after(async () => {
    await log.close();
    await services.stop();
    rmSync(dir, { recursive: true });
  });

  it('silent for a minute: no message is delayed, and all are in the journal afterwards', async (t) => {
    await using pair = await startPair();
    await using answers = await Answers.watch(log);
    const { load, loaded } = await startLoad(t, pair, { messagesPerSecond: 450, seed: 1 });
    say(t, `before: ${answers.takeDelays()}`);
    const sentBefore = load.messageCount;

    services.pauseCassandra(0);
    t.after(() => services.resumeCassandra(0));
    for (let awayMs = 0; awayMs < AWAY_MS; awayMs += LOOK_EVERY_MS) {
      const countBefore = answers.count;
      await delay(LOOK_EVERY_MS);
      assert.ok(answers.count > countBefore, 'Answers keep coming while Cassandra is away.');
    }
    load.stop();
    await loaded;
    await within(ANSWER_WAIT_MS, () => answered(answers, load));
    const { longestDelayMs } = answers;
    say(t, `away, ${load.messageCount - sentBefore} messages: ${answers.takeDelays()}`);
    assert.ok(longestDelayMs < DELAY_MS_MAX, `A message took ${longestDelayMs} ms.`);
    for (const node of pair.nodes) {
      const readiness = await node.readiness();
      assert.equal(readiness?.ready, true, 'Nothing is delayed.');
      assert.equal(readiness.troubles.length, 1);
      assert.match(readiness.troubles[0] ?? '', /^The journal has been away for ([5-9]\d|1\d\d) s/);
    }
    services.resumeCassandra(0);

    await assertNothingLost(t, pair, load);
  });

  it('gone for longer than the backlog allows: intake pauses and says why, memory stays bounded, and all goes on', async (t) => {
    await using pair = await startPair(SMALL_BACKLOG);
    await using answers = await Answers.watch(log);
    const { load, loaded } = await startLoad(t, pair, {
      messagesPerSecond: 300,
      bodyCharsMax: 16_000,
      seed: 2,
    });

    say(t, 'all conversations are active');
    await services.killCassandra(0);
    await within(PAUSE_WAIT_MS, () => paused(pair));
    say(t, 'both nodes are paused');
    // What was decided before is committed by now.
    await delay(LOOK_EVERY_MS);
    const answeredBefore = answers.count;
    const sentBefore = load.sentBytes;
    const memoryBefore = await memoryBytes(pair);
    await within(BYTES_WHILE_PAUSED_WAIT_MS, async () => {
      const sent = load.sentBytes - sentBefore;
      return sent >= BYTES_WHILE_PAUSED ? undefined : `${sent} bytes were sent.`;
    });
    const memory = await memoryBytes(pair);
    assert.equal(answers.count, answeredBefore, 'Nothing is decided while intake is paused.');
    assert.equal(await paused(pair), undefined);
    for (const [index, node] of pair.nodes.entries()) {
      const backlogBytes = await node.metric('chatcluster_backlog_bytes');
      const growthBytes = (memory[index] ?? 0) - (memoryBefore[index] ?? 0);
      say(
        t,
        `node ${index}: backlog ${backlogBytes} bytes, memory ${memory[index]}, grew by ${growthBytes}`,
      );
      assert.ok(backlogBytes <= (SMALL_BACKLOG.backlogBytesMax ?? 0) + BACKLOG_OVERSHOOT_BYTES);
      assert.ok(growthBytes < GROWTH_BYTES_MAX, `Node ${index} grew by ${growthBytes} bytes.`);
    }
    assert.match(pair.log(), /Intake is paused/);
    load.stop();
    await loaded;
    say(t, 'Cassandra comes back');
    await services.restartCassandra(0);

    await assertNothingLost(t, pair, load);
    await within(ANSWER_WAIT_MS, () => answered(answers, load));
  });

  function startPair(limits: Partial<EngineLimits> = {}): Promise<NodePair> {
    const shared = { kafkaPort: KAFKA_PORT, journal: JOURNAL, partitionCount: PARTITION_COUNT };
    return NodePair.start({ ...shared, limits });
  }

  /** Resolves when every conversation is active: one that is not has to be read from the journal first. */
  async function startLoad(
    t: TestContext,
    pair: NodePair,
    options: Pick<LoadOptions, 'messagesPerSecond' | 'bodyCharsMax' | 'seed'>,
  ): Promise<{ load: Load; loaded: Promise<void> }> {
    await pair.untilSettled();
    const counts = { partitionCount: PARTITION_COUNT, conversationCount: CONVERSATION_COUNT };
    const load = new Load({ ...options, ...counts, log, mix: messagesAlone });
    const loaded = load.run();
    t.after(() => {
      load.stop();
      return loaded;
    });
    await within(ANSWER_WAIT_MS, async () => {
      const shards = (await Promise.all(pair.nodes.map((node) => node.shards()))).flat();
      const active = shards.reduce((sum, shard) => sum + (shard?.numEntities ?? 0), 0);
      return active === CONVERSATION_COUNT ? undefined : `${active} conversations are active.`;
    });
    return { load, loaded };
  }

  async function assertNothingLost(t: TestContext, pair: NodePair, load: Load): Promise<void> {
    say(t, 'Cassandra is back');
    await pair.untilThrough();
    say(t, 'all is through');
    for (const node of pair.nodes) {
      assert.deepEqual(await node.readiness(), { ready: true, troubles: [] });
    }
    assert.match(pair.log(), /The journal is back/);
    await pair.stop();
    assert.equal(load.failedCount, 0);
    const counts = await assertClean({ kafkaPort: KAFKA_PORT, journal: ['--journal', JOURNAL] });
    say(t, JSON.stringify(counts));
    assert.equal(counts.deadLetters, 0);
    assert.equal(counts.journalRows, counts.inputs);
  }
});

/** What is missing until every message that was sent has been answered. */
async function answered(answers: Answers, { messageCount }: Load): Promise<string | undefined> {
  const { count } = answers;
  return count === messageCount ? undefined : `${count} of ${messageCount} are answered.`;
}

/** What is missing until both nodes take nothing in any more, and say why. */
async function paused(pair: NodePair): Promise<string | undefined> {
  const shown = await Promise.all(pair.nodes.map((node) => node.readiness()));
  const isPaused = shown.every((readiness) => {
    const [away = '', full = ''] = readiness?.troubles ?? [];
    const isAway = away.startsWith('The journal has been away for');
    return readiness?.ready === false && isAway && full.startsWith('Intake is paused');
  });
  return isPaused ? undefined : `Both nodes say why they are paused: ${JSON.stringify(shown)}`;
}

function memoryBytes(pair: NodePair): Promise<number[]> {
  return Promise.all(pair.nodes.map((node) => node.metric('process_resident_memory_bytes')));
}

function say(t: TestContext, sentence: string): void {
  t.diagnostic(`${(performance.now() / 1_000).toFixed(0)} s: ${sentence}`);
}
