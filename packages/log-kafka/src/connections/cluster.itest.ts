import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { apiVersionsV3, findCoordinatorV6, metadataV12, Writer } from '@platformatic/kafka';
import type { Log } from '@chat-cluster/log';
import { openKafkaLog } from '../kafka-log.ts';
import { ScriptedBroker, topicIdOf } from '../scripted/scripted-broker.ts';

const COORDINATOR_NOT_AVAILABLE = 15;

describe('a cluster', { timeout: 60_000 }, () => {
  let broker: ScriptedBroker;
  let log: Log;

  beforeEach(async () => {
    broker = await ScriptedBroker.start();
    log = logAt(broker.port);
  });
  afterEach(async () => {
    await log.close();
    await broker.close();
  });

  test('is asked at the first address that answers', async () => {
    const closed = await ScriptedBroker.start();
    const { port } = closed;
    await closed.close();
    const other = logAt(port, broker.port);
    const [described] = await other.admin.describeTopics(['a']);
    await other.close();
    assert.deepEqual(described, { topic: 'a', topicId: topicIdOf('a'), partitionCount: 12 });
  });

  test('whose brokers cannot be reached is unavailable once the time is up', async () => {
    await broker.close();
    await assert.rejects(log.admin.describeTopics(['a']), {
      name: 'LogError',
      code: 'unavailable',
    });
    broker = await ScriptedBroker.start();
  });

  test('that is too old is refused with what it lacks, without waiting', async () => {
    broker.on(apiVersionsV3.api.key, () => {
      const everythingButFetch = Array.from({ length: 70 }, (_, key) => key).filter(
        (key) => key !== 1,
      );
      return Writer.create()
        .appendInt16(0)
        .appendArray(everythingButFetch, (writer, key) => {
          writer.appendInt16(key).appendInt16(0).appendInt16(99);
        })
        .appendInt32(0)
        .appendTaggedFields();
    });
    await assert.rejects(log.admin.describeTopics(['a']), { code: 'refused', message: /Fetch 17/ });
  });

  test('is asked for versions once, and for a topic once, whoever needs its leaders', async () => {
    const specs = Array.from({ length: 12 }, (_, partition) => ({
      topic: 'a',
      partition,
      at: 'latest' as const,
    }));
    await assert.rejects(log.admin.listOffsets([{ topic: 'a', partition: 12, at: 'latest' }]), {
      code: 'unknown-topic',
    });
    const before = broker.bodiesOf(metadataV12.api.key).length;
    broker.on(2, () => 'lose');
    const asked = log.admin.listOffsets(specs).catch(() => undefined);
    while (broker.bodiesOf(2).length === 0) await new Promise(setImmediate);
    assert.equal(broker.bodiesOf(metadataV12.api.key).length, before + 1);
    assert.equal(broker.bodiesOf(apiVersionsV3.api.key).length, 1);
    await log.close();
    await asked;
  });

  test('is asked for a coordinator again while there is none', async () => {
    let asked = 0;
    broker.on(findCoordinatorV6.api.key, () => {
      asked += 1;
      return Writer.create()
        .appendInt32(0)
        .appendArray(['group'], (writer, key) => {
          writer.appendString(key).appendInt32(asked < 4 ? -1 : 1);
          writer.appendString('127.0.0.1').appendInt32(broker.port);
          writer.appendInt16(asked < 4 ? COORDINATOR_NOT_AVAILABLE : 0).appendString(null);
        })
        .appendTaggedFields();
    });
    broker.on(13, () =>
      Writer.create()
        .appendInt32(0)
        .appendInt16(0)
        .appendArray(['member'], (writer, memberId) => {
          writer.appendString(memberId).appendString(null).appendInt16(0);
        })
        .appendTaggedFields(),
    );
    await log.admin.removeMember({ groupId: 'group', memberId: 'member', reason: 'test' });
    assert.equal(asked, 4);
  });
});

function logAt(...ports: readonly number[]): Log {
  return openKafkaLog({
    bootstrap: ports.map((port) => ({ host: '127.0.0.1', port })),
    clientId: 'test',
    requestTimeoutMs: 1_000,
  });
}
