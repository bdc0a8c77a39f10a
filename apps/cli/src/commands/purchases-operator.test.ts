import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { ConversationControl, ConversationQuarantine } from '@chat-cluster/contract';
import {
  encodeUserPurchase,
  userEvents,
  userEventsDeadLetter,
  userProcessingControl,
  userProcessingQuarantine,
} from '@chat-cluster/contract/purchases';
import { homePartition } from '@chat-cluster/log';
import { CliHarness } from '../cli-harness.ts';

const shirt = { userId: '7', product: 'cat t-shirt', quantity: 3, price: 2080 };
const socks = { ...shirt, product: 'dog socks' };
const unreadable = Buffer.of(0xff, 0x00);

describe('dead letters and quarantines of the purchases', () => {
  let harness: CliHarness;
  let dir: string;

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'purchases-operator-'));
  });
  after(() => rmSync(dir, { recursive: true }));
  beforeEach(() => {
    harness = new CliHarness();
  });
  afterEach(() => harness.close());

  const run = (...args: readonly string[]) => harness.run([...args, '--application', 'purchases']);

  function fileOf(bytes: Uint8Array): string {
    const path = join(dir, 'value');
    writeFileSync(path, bytes);
    return path;
  }

  function deadLetter(value: Uint8Array, headers: Readonly<Record<string, string>> = {}) {
    return harness.write(
      { topic: userEventsDeadLetter.name, partition: 1 },
      {
        key: '7',
        value,
        headers: {
          'dl-topic': userEvents.name,
          'dl-partition': '2',
          'dl-offset': '55',
          'dl-timestamp': '1700000000000',
          'dl-code': 'not-protobuf',
          'dl-reason': 'The value is not a UserPurchaseProto.',
          ...headers,
        },
      },
    );
  }

  test('list shows them, and not those of the chat', async () => {
    await deadLetter(unreadable);
    const { printed } = await run('dead-letters', 'list');
    assert.equal(printed.length, 1);
    assert.match(printed[0]!, /^1:0 .* user-events 2:55  The value is not a UserPurchaseProto\.$/);
    assert.deepEqual((await harness.run(['dead-letters', 'list'])).notes, [
      'There are no dead letters.',
    ]);
    assert.deepEqual((await run('dead-letters', 'show', '0:0')).notes, [
      'There is no dead letter at 0:0: chatcluster dead-letters list --application purchases shows what there is.',
    ]);
  });

  test('show tells what a value says, if the contract can read it, and its bytes in base64', async () => {
    const bytes = encodeUserPurchase(shirt);
    const base64 = Buffer.from(bytes).toString('base64');
    await deadLetter(bytes);
    await deadLetter(unreadable);
    const valueLine = (lines: readonly string[]) => lines.find((line) => line.startsWith('value:'));
    assert.equal(
      valueLine((await run('dead-letters', 'show', '1:0')).printed),
      `value:     ${JSON.stringify(shirt)}  base64 ${base64}`,
    );
    assert.equal(
      valueLine((await run('dead-letters', 'show', '1:1')).printed),
      'value:     base64 /wA=',
    );
    const [json] = (await run('dead-letters', 'show', '1:0', '--json')).printed;
    const { value } = JSON.parse(json!) as { value: unknown };
    assert.deepEqual(value, { base64, decoded: shirt });
    const [other] = (await run('dead-letters', 'list', '--json')).printed.slice(-1);
    assert.deepEqual((JSON.parse(other!) as { value: unknown }).value, { base64: '/wA=' });
  });

  test('resend sends the bytes as they were, or those of a file; text is no purchase', async () => {
    const seen: Uint8Array[] = [];
    await harness.onRecord(userEvents.name, ({ value }) => seen.push(value!.slice()));
    await deadLetter(unreadable);
    await deadLetter(unreadable, { 'dl-truncated': 'key=1 value=900001' });
    const resend = (...args: readonly string[]) => run('dead-letters', 'resend', ...args);
    assert.match((await resend('1:1')).notes[0]!, /give what to send with --value-file\.$/);
    const text = await resend('1:0', '--value', '{"userId":"7"}');
    assert.deepEqual([text.exitCode, text.printed], [2, []]);
    assert.match(text.notes[0]!, /^The values of user-events are no text: give a file/);
    const wrong = await resend('1:0', '--value-file', fileOf(unreadable));
    assert.equal(wrong.exitCode, 2);
    assert.match(wrong.notes[0]!, /is not a UserPurchaseProto/);
    assert.match((await resend('1:0', '--value-file', dir)).notes[0]!, /cannot be read/);
    assert.deepEqual(seen, []);
    assert.match((await resend('1:0')).printed[0]!, /^1:0 sent to user-events \d:0$/);
    const mended = fileOf(encodeUserPurchase(shirt));
    assert.equal((await resend('1:1', '--value-file', mended)).exitCode, 0);
    while (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual([...seen[0]!], [...unreadable]);
    assert.deepEqual(userEvents.decode(seen[1]!), { ok: true, value: shirt });
  });

  /** A user whose rules failed on a purchase that is in the log. */
  async function quarantine(): Promise<ConversationQuarantine> {
    const partition = homePartition(Buffer.from('7'), harness.partitionCount);
    const value = encodeUserPurchase(shirt);
    const offset = await harness.write({ topic: userEvents.name, partition }, { key: '7', value });
    const [topic] = await harness.log.admin.describeTopics([userEvents.name]);
    const at = { topic: userEvents.name, topicId: topic!.topicId, partition };
    const quarantined: ConversationQuarantine = {
      entityId: '7',
      sinceMs: 0,
      reason: 'It threw.',
      parkedCount: 3,
      parked: [
        { ...at, offset, valuePreview: '\n\u00017' },
        { ...at, offset: offset + 1, valuePreview: '\n\u00017' },
        { ...at, topicId: 'other', offset, valuePreview: '\n\u00017' },
      ],
    };
    await write(quarantined);
    return quarantined;
  }

  function write(quarantined: ConversationQuarantine | null): Promise<number> {
    const partition = homePartition(Buffer.from('7'), harness.partitionCount);
    const value = quarantined && userProcessingQuarantine.encode(quarantined);
    return harness.write({ topic: userProcessingQuarantine.name, partition }, { key: '7', value });
  }

  test('a user who was put aside is shown with the purchases that are parked', async () => {
    const { parked } = await quarantine();
    const base64 = Buffer.from(encodeUserPurchase(shirt)).toString('base64');
    const [{ partition, offset } = { partition: 0, offset: 0 }] = parked;
    assert.match((await run('quarantine', 'list')).printed[0]!, /^7 {2}since 1970.*3 parked/);
    assert.deepEqual((await run('quarantine', 'show', '7')).printed, [
      '7  since 1970-01-01 00:00:00 UTC',
      '    It threw.',
      `user-events ${partition}:${offset}  ${JSON.stringify(shirt)}  base64 ${base64}`,
      `user-events ${partition}:${offset + 1}  (no longer in its log)`,
      `user-events ${partition}:${offset}  (no longer in its log)`,
    ]);
    const [json] = (await run('quarantine', 'show', '7', '--json')).printed;
    const told = JSON.parse(json!) as { parked: { value?: unknown }[] };
    assert.deepEqual(
      told.parked.map(({ value }) => value),
      [{ base64, decoded: shirt }, undefined, undefined],
    );
    assert.deepEqual((await run('quarantine', 'show', '8')).notes, [
      'User 8 is not quarantined: chatcluster quarantine list --application purchases shows which are.',
    ]);
  });

  test('retry, skip and edit reach the users’ node; an edit has its value from a file', async () => {
    const seen: ConversationControl[] = [];
    await harness.onRecord(userProcessingControl.name, ({ value }) => {
      const decoded = userProcessingControl.decode(value);
      assert.ok(decoded.ok);
      seen.push(decoded.value);
      void write(null);
    });
    const { parked } = await quarantine();
    const [{ offset, partition, topicId } = assert.fail('It has one.')] = parked;
    const position = { topicId, partition, offset };
    const edit = (...args: readonly string[]) => run('quarantine', 'edit', '7', ...args);
    const other = encodeUserPurchase({ ...socks, userId: '8' });
    for (const [args, refusal] of [
      [['{}'], /^The values of user-events are no text: give a file/],
      [[], /^JSON is missing/],
      [['--value-file', fileOf(unreadable)], /is not a UserPurchaseProto/],
    ] as const) {
      const { exitCode, notes } = await edit(...args);
      assert.equal(exitCode, 2);
      assert.match(notes[0]!, refusal);
    }
    assert.match((await edit('--value-file', fileOf(other))).notes[0]!, /^userId must stay "7"\./);
    assert.deepEqual(seen, []);
    const bytes = encodeUserPurchase(socks);
    for (const act of [
      () => run('quarantine', 'retry', '7'),
      () => run('quarantine', 'skip', '7'),
      () => edit('--value-file', fileOf(bytes)),
    ]) {
      await quarantine();
      assert.deepEqual((await act()).printed, [
        '7 is released: all its parked records are done with.',
      ]);
    }
    const valueBase64 = Buffer.from(bytes).toString('base64');
    const at = (moved: number) => ({ ...position, offset: offset + moved });
    assert.deepEqual(seen, [
      { entityId: '7', action: 'retry' },
      { entityId: '7', action: 'skip', position: at(2) },
      { entityId: '7', action: 'edit', position: at(3), valueBase64 },
    ]);
  });

  test('an application that there is not is named', async () => {
    const { exitCode, notes } = await harness.run(['quarantine', 'list', '--application', 'shop']);
    assert.equal(exitCode, 2);
    assert.match(
      notes[0]!,
      /^There is no application "shop"; --application is chat or purchases\./,
    );
  });
});
