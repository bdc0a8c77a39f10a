import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BoundedQueue } from './bounded-queue.ts';

test('a queue behaves like an array that refuses to grow past its limit', () => {
  const steps = fc.array(
    fc.oneof(
      fc.integer({ min: 1, max: 200 }),
      fc.constant('push' as const),
      fc.constant('shift' as const),
    ),
    {
      maxLength: 300,
    },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), steps, (countMax, stepsTaken) => {
      const queue = new BoundedQueue<number>({ countMax });
      const model: number[] = [];
      let numberNext = 0;
      const push = (): void => {
        const isAccepted = queue.push(numberNext);
        assert.equal(isAccepted, model.length < countMax);
        if (isAccepted) model.push(numberNext);
        numberNext += 1;
      };
      for (const step of stepsTaken) {
        if (step === 'push') push();
        else if (step === 'shift') assert.equal(queue.shift(), model.shift());
        else for (let count = 0; count < step; count += 1) push();
        assert.equal(queue.length, model.length);
        assert.equal(queue.isFull, model.length >= countMax);
        assert.equal(queue.peek(), model[0]);
      }
      while (model.length > 0) assert.equal(queue.shift(), model.shift());
      assert.equal(queue.shift(), undefined);
    }),
  );
});
