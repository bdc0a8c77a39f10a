import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import {
  includesVersion,
  messages,
  type AnyApiDeclaration,
  type AnyStruct,
  type Nullable,
} from '@chat-cluster/broker/wire';
import { fetchJars } from '../../tools/services/jars.ts';
import { jarsDirDefault } from '../../tools/services/start-services.ts';

// Kafka's own definitions of its messages lie in the kafka-clients jar. The broker's declarations are written by hand;
// this compares each field of each version with them.

type JsonField = {
  readonly name: string;
  readonly type: string;
  readonly versions: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number;
  readonly default?: string | number | boolean;
  readonly fields?: readonly JsonField[];
};

type JsonMessage = {
  readonly apiKey: number;
  readonly validVersions: string;
  readonly flexibleVersions: string;
  readonly fields: readonly JsonField[];
  readonly commonStructs?: readonly {
    readonly name: string;
    readonly fields: readonly JsonField[];
  }[];
};

/** One field as both sides describe it. */
type FieldFacts = {
  readonly name: string;
  readonly kind: string;
  readonly isNullable: boolean;
  readonly tag: number | null;
  readonly defaultValue: string;
  readonly fields: readonly FieldFacts[];
};

const PRIMITIVES = [
  'bool',
  'int8',
  'int16',
  'int32',
  'int64',
  'uuid',
  'string',
  'bytes',
  'records',
];

const apis: readonly AnyApiDeclaration[] = Object.values(messages);

describe("the declarations agree with Kafka's message definitions", () => {
  let jar = '';
  before(async () => {
    const folder = await fetchJars({ name: 'kafka', jarsDir: jarsDirDefault });
    const name = readdirSync(folder).find((file) => /^kafka-clients-[\d.]+\.jar$/.test(file));
    assert.ok(name, 'the kafka-clients jar is among the jars of Kafka');
    jar = join(folder, name);
  });

  for (const api of apis) {
    test(api.name, () => {
      for (const side of ['Request', 'Response'] as const) {
        const json = readDefinition(jar, `${api.name}${side}`);
        assert.equal(api.key, json.apiKey);
        const struct = side === 'Request' ? api.request : api.response;
        const { min, max } = api.versions;
        for (let version = min; version <= max; version++) {
          const where = `${api.name}${side} v${version}`;
          assert.ok(isIn(json.validVersions, version), `${where} exists`);
          const isFlexible = includesVersion(api.flexibleVersions, version);
          assert.equal(isFlexible, isIn(json.flexibleVersions, version), `${where} is flexible`);
          const expected = factsOfJson(json.fields, { json, version });
          assert.deepEqual(factsOfStruct(struct, version), expected, where);
        }
      }
    });
  }
});

function readDefinition(jar: string, name: string): JsonMessage {
  const text = execFileSync('unzip', ['-p', jar, `common/message/${name}.json`]).toString();
  const withoutComments = text
    .split('\n')
    .map((line) => line.replace(/^\s*\/\/.*/, '').replace(/([,[\]{}])\s*\/\/.*$/, '$1'))
    .join('\n');
  return JSON.parse(withoutComments) as JsonMessage; // the shape is checked by what is compared
}

function factsOfJson(
  fields: readonly JsonField[],
  { json, version }: { json: JsonMessage; version: number },
): FieldFacts[] {
  const facts = fields
    .filter((field) => isIn(field.versions, version))
    .map((field): FieldFacts => {
      const element = field.type.replace('[]', '');
      const isPrimitive = PRIMITIVES.includes(element);
      const common = json.commonStructs?.find((struct) => struct.name === element)?.fields;
      const isTagged = isIn(field.taggedVersions ?? 'none', version);
      return {
        name: field.name.charAt(0).toLowerCase() + field.name.slice(1),
        kind: isPrimitive ? field.type : field.type.replace(element, 'struct'),
        isNullable: isIn(field.nullableVersions ?? 'none', version),
        tag: isTagged ? (field.tag ?? null) : null,
        defaultValue: normalized(field.default ?? '', field.type),
        fields: isPrimitive ? [] : factsOfJson(field.fields ?? common ?? [], { json, version }),
      };
    });
  return inWireOrder(facts);
}

function factsOfStruct(struct: AnyStruct, version: number): FieldFacts[] {
  const facts = Object.entries(struct.fields)
    .filter(([, field]) => includesVersion(field.versions, version))
    .map(([name, field]): FieldFacts => {
      const { type } = field;
      const element = elementOf(type);
      return {
        name,
        kind: type.kind,
        isNullable: isNullable(type) && includesVersion(type.nullableVersions, version),
        tag: field.tag,
        defaultValue: normalized(field.defaultValue, type.kind),
        fields: isStruct(element) ? factsOfStruct(element, version) : [],
      };
    });
  return inWireOrder(facts);
}

/** What a type consists of inside arrays and null. */
function elementOf(type: object): { readonly kind: string } | null {
  if ('inner' in type && typeof type.inner === 'object' && type.inner !== null) {
    return elementOf(type.inner);
  }
  if ('element' in type && typeof type.element === 'object' && type.element !== null) {
    return elementOf(type.element);
  }
  return 'kind' in type && typeof type.kind === 'string' ? { ...type, kind: type.kind } : null;
}

function isNullable(type: object): type is Nullable<unknown> {
  return 'nullableVersions' in type;
}

function isStruct(type: object | null): type is AnyStruct {
  return type !== null && 'fields' in type;
}

/** Defaults as text: those of arrays, structs and byte fields are their empty values on both sides. */
function normalized(value: unknown, kind: string): string {
  if (value === null || value === 'null') return 'null';
  if (typeof value === 'object' || kind.startsWith('[]') || kind === 'uuid') return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (kind === 'bool') return text === '' ? 'false' : text;
  return kind.startsWith('int') ? String(Number(text)) : text;
}

function inWireOrder(facts: readonly FieldFacts[]): FieldFacts[] {
  const plain = facts.filter((fact) => fact.tag === null);
  const tagged = facts.filter((fact) => fact.tag !== null);
  return [...plain, ...tagged.toSorted((a, b) => (a.tag ?? 0) - (b.tag ?? 0))];
}

/** Whether Kafka's notation, like `0-4`, `3+`, `7` or `none`, has the version. */
function isIn(range: string, version: number): boolean {
  const match = /^(\d+)(\+|-(\d+))?$/.exec(range);
  if (match === null) return false;
  const min = Number(match[1]);
  const max = match[2] === '+' ? Infinity : Number(match[3] ?? min);
  return version >= min && version <= max;
}
