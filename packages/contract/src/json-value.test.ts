import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJson } from './json-value.ts';

function refusalOf(bytes: Uint8Array | string | null): { code: string; reason: string } {
  const decoded = decodeJson(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, () => 0);
  assert.ok(!decoded.ok);
  assert.ok(decoded.reason.isWellFormed());
  return { code: decoded.code, reason: decoded.reason };
}

test('a record without a value is refused as such', () => {
  assert.deepEqual(refusalOf(null), { code: 'no-value', reason: 'The record has no value.' });
});

test('what is not UTF-8 is refused before anybody looks for JSON in it', () => {
  const bytes = Buffer.concat([Buffer.from('{"body":"'), Buffer.of(0xff), Buffer.from('"}')]);
  assert.deepEqual(refusalOf(bytes), { code: 'not-utf-8', reason: 'The value is not UTF-8.' });
});

test('what is not JSON is refused with what the parser found', () => {
  assert.deepEqual(refusalOf(''), {
    code: 'not-json',
    reason: 'The value is not JSON: it is empty.',
  });
  const { code, reason } = refusalOf('hello');
  assert.equal(code, 'not-json');
  assert.match(reason, /^The value is not JSON: .*hello/);
  for (const text of ['{"a":1', '{a:1}', "{'a':1}", '{"a":1}{"b":2}', '{"a":01}', 'NaN']) {
    assert.equal(refusalOf(text).code, 'not-json', text);
  }
});

test('a byte order mark is refused by name', () => {
  assert.deepEqual(refusalOf('\uFEFF{}'), {
    code: 'not-json',
    reason: 'The value is not JSON: it starts with a byte order mark.',
  });
});

test('JSON that is not an object is refused with what it is', () => {
  for (const [text, found] of [
    ['[{"body":"x"}]', 'a list'],
    ['null', 'null'],
    ['17', 'the number 17'],
    ['"hello"', 'the text "hello"'],
    [`"${'x'.repeat(39)}\ud83d\ude00${'y'.repeat(40)}"`, `the text "${'x'.repeat(39)}\uFFFD"…`],
  ] as const) {
    assert.deepEqual(refusalOf(text), {
      code: 'wrong-type',
      reason: `The value is ${found}, not a JSON object.`,
    });
  }
});

test('deep nesting in a field that nobody reads does no harm', () => {
  const deep = `${'['.repeat(400_000)}${']'.repeat(400_000)}`;
  assert.ok(decodeJson(Buffer.from(`{"ignored":${deep}}`), () => 0).ok);
  assert.equal(refusalOf(deep).code, 'wrong-type');
  assert.equal(refusalOf('['.repeat(800_000)).code, 'not-json');
});

test('a mistake of the program is not taken for a mistake of the sender', () => {
  assert.throws(
    () =>
      decodeJson(Buffer.from('{}'), () => {
        throw new RangeError('a bug');
      }),
    RangeError,
  );
});
