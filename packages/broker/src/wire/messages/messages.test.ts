import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFlexible, type AnyApiDeclaration } from '../api-declaration.ts';
import type { AnyStruct } from '../struct.ts';
import { WireReader } from '../wire-reader.ts';
import { WireWriter } from '../wire-writer.ts';
import * as messages from './index.ts';

const apis: readonly AnyApiDeclaration[] = Object.values(messages);

test('each API key is declared once', () => {
  const keys = apis.map((api) => api.key);
  assert.equal(new Set(keys).size, keys.length);
});

for (const api of apis) {
  test(`${api.name} decodes to what was encoded, in every version and both directions`, () => {
    for (let version = api.versions.min; version <= api.versions.max; version++) {
      const flexible = isFlexible(api, version);
      for (const message of [api.request, api.response]) {
        const sample = sampleOf(message, version);
        const writer = new WireWriter();
        message.encode(writer, sample, version, flexible);
        const reader = new WireReader(Buffer.concat(writer.finish()));
        assert.deepEqual(message.decode(reader, version, flexible), sample);
        assert.equal(reader.remaining, 0);
      }
    }
  });
}

/** A value with something else than the default in every field that the version carries. */
function sampleOf(type: AnyStruct, version: number): never {
  const sample: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(type.fields)) {
    const isPresent = version >= field.versions.min && version <= field.versions.max;
    sample[name] = isPresent ? sampleValue(field.type, version) : field.defaultValue;
  }
  return sample as never;
}

function sampleValue(type: object, version: number): unknown {
  if ('inner' in type && typeof type.inner === 'object' && type.inner !== null) {
    return sampleValue(type.inner, version);
  }
  if ('element' in type && typeof type.element === 'object' && type.element !== null) {
    return [sampleValue(type.element, version), sampleValue(type.element, version)];
  }
  if ('fields' in type) return sampleOf(type as AnyStruct, version);
  assert('kind' in type && typeof type.kind === 'string');
  return SAMPLES[type.kind];
}

const SAMPLES: Record<string, unknown> = {
  bool: true,
  int8: -7,
  int16: 300,
  int32: -70_000,
  int64: 5_000_000_000,
  uuid: 'AQIDBAUGBwgJCgsMDQ4PEA',
  string: 'Grüße, 世界',
  bytes: Buffer.from([1, 2, 3]),
  records: Buffer.alloc(5000, 7),
};
