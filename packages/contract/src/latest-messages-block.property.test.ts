import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Chatter,
  encodeLatestMessagesBlock,
  fitLatestMessagesBlock,
} from './latest-messages-block.ts';
import { VALUE_BYTES_MAX } from './limits.ts';

test('a block that does not fit keeps the newest messages that do, and not one less', () => {
  const bodies = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 60_000 }), fc.constantFrom('a', 'é', '"', '\u0001')),
    { minLength: 10, maxLength: 60 },
  );
  fc.assert(
    fc.property(bodies, (sizes) => {
      const latestChatter = sizes.map(([length, unit], seq): Chatter => [
        'bob',
        unit.repeat(length),
        seq,
      ]);
      const whole = { conversationKey: 'c', latestChatter, truncated: false };
      const { block, bytes } = fitLatestMessagesBlock(whole);
      assert.ok(bytes.byteLength <= VALUE_BYTES_MAX);
      assert.deepEqual(bytes, encodeLatestMessagesBlock(block));
      const keptCount = block.latestChatter.length;
      assert.deepEqual(block.latestChatter, latestChatter.slice(-keptCount));
      assert.equal(block.truncated, keptCount < latestChatter.length);
      if (!block.truncated) return;
      const oneMore = { ...block, latestChatter: latestChatter.slice(-keptCount - 1) };
      assert.ok(encodeLatestMessagesBlock(oneMore).byteLength > VALUE_BYTES_MAX);
    }),
    { numRuns: 40 },
  );
});
