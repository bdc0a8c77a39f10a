import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTimers } from '@chat-cluster/kernel';
import { ByteBudget } from '../backlog/byte-budget.ts';
import type { FormerOwners, RetiredPart } from './former-owners.ts';
import { FormerStates } from './former-states.ts';
import type { IncomingStates } from './incoming-states.ts';

const map = {
  generationId: 1,
  members: [{ name: 'a', endpoint: 'a:1', memberId: 'member-a' }],
  owners: [0, 0],
};

/** Two shards that come from one former owner, which gives what the test gives, and never comes to an end. */
function ask(bytesMax = 1_000_000) {
  const timers = new ManualTimers();
  const reports: string[] = [];
  /** Why it was asked no longer. */
  const endings: string[] = [];
  let give: (part: RetiredPart) => void = () => assert.fail('Nobody has asked.');
  const formerOwners: FormerOwners = {
    retiredStates: (_owner, _asked, onPart, signal) => {
      give = onPart;
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          endings.push(String(signal.reason));
          reject(signal.reason);
        });
      });
    },
  };
  const states = new FormerStates({
    formerOwners,
    entityType: 'counter',
    eventTopicId: 'events',
    budget: new ByteBudget({ name: 'entities', bytesMax }),
    timers,
    report: (_level, sentence) => reports.push(sentence),
  });
  states.learn(map, 'member-b');
  const incoming = [...states.ask([0, 1]).values()] as [IncomingStates, IncomingStates];
  return { timers, reports, endings, incoming, give: (given: RetiredPart) => give(given) };
}

function part(shard: number, isLast: boolean): RetiredPart {
  const states = [
    { entityId: `id-${shard}`, seqNext: 1, snapshotSeqNext: 0, state: new Uint8Array(100) },
  ];
  return { shard, eventTopicId: 'events', eventNumber: 1, states, isLast };
}

const promisesHaveRun = (): Promise<unknown> => new Promise(setImmediate);

test('a former owner is asked no longer when none of its shards is waited for any more', async () => {
  const { endings, give, incoming, reports, timers } = ask();
  give(part(0, false));
  incoming[0].drop();
  await promisesHaveRun();
  assert.deepEqual(endings, [], 'One of its shards is waited for still.');
  incoming[1].drop();
  await promisesHaveRun();
  assert.deepEqual(endings, ['Error: Nobody waits for these states any more.']);
  assert.equal(timers.nextDueInMs(), undefined);
  assert.deepEqual(reports, [], 'That nobody wants them is no fault of the former owner.');
});

test('nor when there is no room for what it gives', async () => {
  const { endings, give, timers } = ask(600);
  give(part(0, false));
  give(part(0, false));
  give(part(1, false));
  await promisesHaveRun();
  assert.equal(endings.length, 1);
  assert.equal(timers.nextDueInMs(), undefined);
});

test('one that has given all is left to end by itself, so that it knows what was taken', async () => {
  const { endings, give } = ask();
  give(part(0, true));
  give(part(1, true));
  await promisesHaveRun();
  assert.deepEqual(endings, []);
});

test('one that is silent while a shard waits is asked no longer, and that is told', async () => {
  const { endings, incoming, reports, timers } = ask();
  incoming[0].begin(1);
  timers.advance(500);
  await promisesHaveRun();
  assert.deepEqual(endings, ['Error: It was too slow.']);
  assert.match(reports.join(), /A former owner does not give its states/);
  assert.equal(timers.nextDueInMs(), undefined);
});
