import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isFlexible, type AnyApiDeclaration } from './api-declaration.ts';
import { readRequestHeader } from './headers.ts';
import { MalformedMessage } from './malformed-message.ts';
import * as messages from './messages/index.ts';
import { WireReader } from './wire-reader.ts';

const apis: readonly AnyApiDeclaration[] = Object.values(messages);

/** Runs `decode`; the only way it may fail is by MalformedMessage. */
function decodesOrIsMalformed(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    assert.ok(error instanceof MalformedMessage, String(error));
  }
}

/** Bytes that look like lengths, counts and nulls more often than random ones would. */
const bytes = fc
  .array(
    fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 2, 3, 0x7f, 0x80, 0xff)),
    { maxLength: 200 },
  )
  .map((values) => Buffer.from(values));

describe('whatever a client sends', () => {
  test('is decoded or malformed, in every API and version', () => {
    fc.assert(
      fc.property(fc.constantFrom(...apis), fc.nat(), bytes, (api, choice, body) => {
        const { min, max } = api.versions;
        const version = min + (choice % (max - min + 1));
        decodesOrIsMalformed(() =>
          api.request.decode(new WireReader(body), version, isFlexible(api, version)),
        );
      }),
      { numRuns: 5000 },
    );
  });

  test('has a header or is malformed', () => {
    fc.assert(
      fc.property(bytes, fc.boolean(), (frame, flexible) => {
        decodesOrIsMalformed(() => readRequestHeader(new WireReader(frame), () => flexible));
      }),
    );
  });

  test('with a huge count costs nothing', () => {
    // acks, timeout, then a count of two billion topics
    const body = Buffer.from('ffff0001000003e87fffffff', 'hex');
    const { request } = messages.produce;
    assert.throws(() => request.decode(new WireReader(body), 3, false), MalformedMessage);
  });
});
