import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deque } from './deque.ts';

test('a deque is an array that is taken from the front, however long it was', () => {
  const steps = fc.array(
    fc.oneof(fc.nat(3_000), fc.constant(-1), fc.integer({ min: -2_500, max: -1 })),
    {
      maxLength: 30,
    },
  );
  fc.assert(
    fc.property(steps, (counts) => {
      const deque = new Deque<number>();
      const model: number[] = [];
      let next = 0;
      for (const count of counts) {
        for (let step = 0; step < count; step++) {
          deque.push(next);
          model.push(next++);
        }
        for (let step = 0; step < -count; step++) assert.equal(deque.shift(), model.shift());
        assert.equal(deque.length, model.length);
        assert.deepEqual([deque.at(0), deque.at(model.length - 1)], [model.at(0), model.at(-1)]);
      }
      assert.deepEqual([...deque], model);
    }),
    { numRuns: 50 },
  );
});
