import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdDialogue, type UserStats } from './dialogue.ts';

async function talk(
  input: readonly string[],
  ask: (userId: string) => Promise<UserStats>,
): Promise<readonly string[]> {
  const said: string[] = [];
  const lines = async function* (): AsyncGenerator<string> {
    yield* input;
  };
  const failedCount = await holdDialogue({
    lines: lines(),
    ask,
    print: (line) => said.push(line),
    note: (line) => said.push(`note: ${line}`),
  });
  assert.equal(failedCount, said.filter((line) => line.startsWith('note: ')).length);
  return said;
}

const PROMPT = 'Enter user id or :q to quit';

function stats(userId: string): Promise<UserStats> {
  return Promise.resolve(
    userId === '7'
      ? { totalPurchases: 2n, totalPrice: 3096n }
      : { totalPurchases: 0n, totalPrice: 0n },
  );
}

test('the dialogue, word for word, until :q', async () => {
  assert.deepEqual(await talk(['7', '5', ':q', '7'], stats), [
    PROMPT,
    'User 7 has made 2 for a total of 3096p',
    PROMPT,
    'User 5 has made 0 for a total of 0p',
    PROMPT,
  ]);
});

test('it ends with its input, and an empty line asks nobody', async () => {
  const ask = (userId: string): Promise<UserStats> => {
    assert.notEqual(userId, '');
    return stats(userId);
  };
  assert.deepEqual(await talk(['', '  7\r'], ask), [
    PROMPT,
    PROMPT,
    'User 7 has made 2 for a total of 3096p',
    PROMPT,
  ]);
});

test('a question without an answer is told, and the next one is asked', async () => {
  let asked = 0;
  const ask = (userId: string): Promise<UserStats> => {
    asked += 1;
    return asked === 1 ? Promise.reject(new Error('Ask again later.')) : stats(userId);
  };
  assert.deepEqual(await talk(['7', '7'], ask), [
    PROMPT,
    'note: Ask again later.',
    PROMPT,
    'User 7 has made 2 for a total of 3096p',
    PROMPT,
  ]);
});
