import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { within } from '../crash/within.ts';
import type { Program } from '../path/program.ts';
import { LoneProcessor } from './lone-processor.ts';
import { Processor, startClient } from './purchases-cluster.ts';
import { purchaseOf, sendValues } from './topic-totals.ts';

const NODE_PORT = 19_753;
const WAIT_MS = 30_000;
const PROMPT = 'Enter user id or :q to quit\n';

describe('chatcluster purchases client, on a pipe that stays open', () => {
  let lone: LoneProcessor;
  let processor: Processor;

  before(async () => {
    lone = await LoneProcessor.start(NODE_PORT);
    processor = lone.processor;
    await sendValues(lone.kafkaPort, [purchaseOf(1_000), purchaseOf(2_096)]);
    await within(WAIT_MS, async () => {
      const totals = (await processor.totalsOf(['7'])).get('7');
      return totals === '2 for 3096p' ? undefined : `User 7 has ${totals}.`;
    });
  });
  after(() => lone[Symbol.asyncDispose]());

  it('answers each line before the next one is written, and ends at :q', async (t) => {
    const client = start(t, processor.frontEndPort);
    let said = PROMPT;
    await untilSaid(client, said);
    for (const [typed, answer] of [
      ['7\n', 'User 7 has made 2 for a total of 3096p\n'],
      ['\n', ''],
      ['nobo', undefined],
      ['dy\r\n', 'User nobody has made 0 for a total of 0p\n'],
      ['  7 \n', 'User 7 has made 2 for a total of 3096p\n'],
    ] as const) {
      client.type(typed);
      // Half of a line is no question yet; the other half shows that nothing was asked for it.
      if (answer === undefined) continue;
      said += `${answer}${PROMPT}`;
      await untilSaid(client, said);
    }
    client.type(':q\n');
    assert.deepEqual(await client.ended, { code: 0, signal: null });
    assert.equal(client.stdout, said);
    assert.equal(client.stderr, '');
  });

  it('tells of a line that is too long for an id, whatever its length, and answers the next one', async (t) => {
    const client = start(t, processor.frontEndPort);
    let said = PROMPT;
    let noted = '';
    for (const length of [257, 1_000_000, 10_000_000]) {
      client.type(`${'7'.repeat(length)}\n`);
      said += PROMPT;
      noted += `The id has ${length} bytes; at most 256 are allowed.\n`;
      await untilSaid(client, said, noted);
    }
    client.type('7\n');
    said += `User 7 has made 2 for a total of 3096p\n${PROMPT}`;
    await untilSaid(client, said, noted);
    client.endInput();
    assert.deepEqual(await client.ended, { code: 1, signal: null });
  });

  it('tells that no processor is there, at each question, and answers when one is', async (t) => {
    const absent = start(t, NODE_PORT + 1);
    const sentence = `Nobody listens at 127.0.0.1:${NODE_PORT + 1}: start a processor, or name another port with --port N.\n`;
    for (const count of [1, 2]) {
      absent.type('7\n');
      await untilSaid(absent, PROMPT.repeat(count + 1), sentence.repeat(count));
    }
    const late = await Processor.start({
      kafkaPort: lone.kafkaPort,
      journal: lone.journal,
      nodePort: 0,
      args: ['--quiet', '--front-end-port', String(NODE_PORT + 1)],
    });
    await using _late = late.program;
    absent.type('7\n');
    const answer = 'User 7 has made 2 for a total of 3096p\n';
    await untilSaid(absent, `${PROMPT.repeat(3)}${answer}${PROMPT}`, sentence.repeat(2));
    absent.type(':q\n');
    assert.deepEqual(await absent.ended, { code: 1, signal: null });
  });
});

function start(t: TestContext, frontEndPort: number): Program {
  const client = startClient(frontEndPort);
  t.after(() => client[Symbol.asyncDispose]());
  return client;
}

/** Resolves when this, and nothing else, has been printed, and noted beside it. */
async function untilSaid(client: Program, printed: string, noted = ''): Promise<void> {
  await within(WAIT_MS, async () => {
    const { stdout, stderr } = client;
    return stdout === printed && stderr === noted
      ? undefined
      : `It printed ${JSON.stringify([stdout.slice(-500), stderr.slice(-500)])}`;
  });
}
