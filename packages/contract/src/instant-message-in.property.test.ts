import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeInstantMessageIn,
  encodeInstantMessageIn,
  type InstantMessageIn,
} from './instant-message-in.ts';

test('whatever is within the limits comes back as it was', () => {
  const text = (maxLength: number, minLength = 1): fc.Arbitrary<string> =>
    fc.string({ unit: 'binary', minLength, maxLength }).filter((value) => value.isWellFormed());
  const message = fc.record<InstantMessageIn>(
    {
      conversationKey: text(60),
      sender: text(60),
      recipients: fc.array(text(20), { maxLength: 20 }),
      body: text(500, 0),
      messageId: fc.option(text(60), { nil: undefined }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(message, (value) => {
      assert.deepEqual(decodeInstantMessageIn(encodeInstantMessageIn(value)), { ok: true, value });
    }),
  );
});
