import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as kafka from '@platformatic/kafka';
import {
  includesVersion,
  isFlexible,
  messages,
  WireReader,
  WireWriter,
  type AnyApiDeclaration,
  type AnyStruct,
} from '@chat-cluster/broker/wire';

// Another implementation of Kafka's protocol writes what the broker reads, and reads what the broker writes.

/** What the other side does for one version of one API. */
type OtherCodec = {
  readonly apiKey: number;
  readonly version: number;
  readonly createRequest: (...args: unknown[]) => Buffer;
  readonly parseResponse: (body: Buffer) => unknown;
};

const others = Object.values(kafka).flatMap((exported) => otherCodecOf(exported) ?? []);
const apis: readonly AnyApiDeclaration[] = Object.values(messages);

describe('@platformatic/kafka reads the answers of the broker', () => {
  for (const api of apis) {
    const known = others.filter(
      ({ apiKey, version }) => apiKey === api.key && includesVersion(api.versions, version),
    );
    if (known.length === 0) continue;
    test(`${api.name}, in ${known.length} versions`, () => {
      for (const { version, parseResponse } of known) {
        const sample = new Sample(version);
        const value = sample.structOf(api.response);
        const writer = new WireWriter();
        api.response.encode(writer, value as never, version, isFlexible(api, version));
        const parsed = textOf(parseResponse(Buffer.concat(writer.finish())));
        const lost = sample.texts.filter((text) => !parsed.includes(text));
        assert.deepEqual(lost, [], `v${version}: ${parsed}`);
      }
    });
  }
});

describe('the broker reads the requests of @platformatic/kafka', () => {
  const topicId = '00010203-0405-0607-0809-0a0b0c0d0e0f';
  const partitions = [
    {
      ...{ partition: 3, partitionIndex: 3, currentLeaderEpoch: 0, lastFetchedEpoch: -1 },
      ...{ fetchOffset: 5_000_000_000n, partitionMaxBytes: 99, timestamp: -2n },
    },
  ];
  const message = { topic: 't', partition: 3, value: Buffer.from('v') };
  /** The arguments of each API, and some of what the broker must find in the request. */
  const requests: Record<string, { args: unknown[]; expected: string[] }> = {
    Produce: {
      args: [-1, 1234, [message], { transactionalId: 'tx' }],
      expected: ['"acks":-1', '"timeoutMs":1234', '"name":"t"', '"index":3', '"tx"'],
    },
    Fetch: {
      args: [500, 1, 1000, 1, 0, -1, [{ topic: 't', topicId, partitions }], [], 'rack'],
      expected: ['"maxWaitMs":500', '"isolationLevel":1', '"fetchOffset":5000000000'],
    },
    ListOffsets: {
      args: [-1, 1, [{ name: 't', partitions }]],
      expected: ['"partitionIndex":3', '"timestamp":-2'],
    },
    ApiVersions: { args: ['client', '1.2'], expected: [] },
    CreateTopics: {
      args: [
        [
          {
            ...{ name: 't', numPartitions: 4, replicationFactor: 1 },
            assignments: [{ partitionIndex: 0, brokerIds: [1] }],
            configs: [{ name: 'retention.ms', value: '5' }],
          },
        ],
        1234,
        true,
      ],
      expected: ['"numPartitions":4', '"retention.ms"', '"brokerIds":[1]', '"validateOnly":true'],
    },
    CreatePartitions: {
      args: [[{ name: 't', count: 7, assignments: [{ brokerIds: [1] }] }], 1234, false],
      expected: ['"count":7', '"brokerIds":[1]'],
    },
    DeleteRecords: {
      args: [[{ name: 't', partitions: [{ partitionIndex: 3, offset: 5_000_000_000n }] }], 1234],
      expected: ['"offset":5000000000'],
    },
    DescribeConfigs: {
      args: [[{ resourceType: 2, resourceName: 't', configurationKeys: ['a'] }], true, false],
      expected: ['"resourceName":"t"', '["a"]', '"includeSynonyms":true'],
    },
    IncrementalAlterConfigs: {
      args: [
        [
          {
            ...{ resourceType: 2, resourceName: 't' },
            configs: [{ name: 'a', configOperation: 1, value: 'b' }],
          },
        ],
        true,
      ],
      expected: ['"configOperation":1', '"value":"b"'],
    },
    DescribeLogDirs: {
      args: [[{ name: 't', partitions: [1, 2] }]],
      expected: ['"topic":"t"', '[1,2]'],
    },
  };
  for (const [name, { args, expected }] of Object.entries(requests)) {
    test(name, () => {
      const api = apis.find((one) => one.name === name);
      assert.ok(api);
      const known = others.filter(
        ({ apiKey, version }) => apiKey === api.key && includesVersion(api.versions, version),
      );
      assert.ok(known.length > 0);
      for (const { version, createRequest } of known) {
        const reader = new WireReader(createRequest(...args));
        const request = api.request.decode(reader, version, isFlexible(api, version));
        assert.equal(reader.remaining, 0, `v${version}`);
        const text = JSON.stringify(request);
        for (const part of expected) assert.ok(text.includes(part), `v${version}: ${text}`);
      }
    });
  }
});

/** A value for each field that a version has: no errors, and every text and large number occurs once. */
class Sample {
  /** What must be found again. */
  readonly texts: string[] = [];
  readonly #version: number;
  #count = 0;

  constructor(version: number) {
    this.#version = version;
  }

  structOf(struct: AnyStruct): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(struct.fields)) {
      if (!includesVersion(field.versions, this.#version) || field.tag !== null) continue;
      const isError = /error(code|message)$/i.test(name);
      value[name] = isError ? field.type.zero : this.#valueOf(field.type);
    }
    return value;
  }

  #valueOf(type: object): unknown {
    if ('inner' in type && typeof type.inner === 'object' && type.inner !== null) {
      return this.#valueOf(type.inner);
    }
    if ('element' in type && typeof type.element === 'object' && type.element !== null) {
      return [this.#valueOf(type.element), this.#valueOf(type.element)];
    }
    if ('fields' in type) return this.structOf(type as AnyStruct);
    assert.ok('kind' in type && typeof type.kind === 'string');
    return this.#primitiveOf(type.kind);
  }

  #primitiveOf(kind: string): unknown {
    const number = 5_000_000_000 + ++this.#count;
    switch (kind) {
      case 'string':
        this.texts.push(`"text ${number}"`);
        return `text ${number}`;
      case 'int64':
        this.texts.push(String(number));
        return number;
      case 'bool':
        return true;
      case 'uuid':
        return 'AQIDBAUGBwgJCgsMDQ4PEA';
      case 'bytes':
      case 'records':
        return Buffer.alloc(0);
      default:
        return 1;
    }
  }
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part instanceof Map) return [...part.entries()] as unknown[];
    return typeof part === 'bigint' ? `bigint ${part}` : part;
  });
}

/** The library exports a module for each version of each API. */
function otherCodecOf(exported: unknown): OtherCodec | null {
  if (typeof exported !== 'object' || exported === null || !('api' in exported)) return null;
  const { api, createRequest, parseResponse } = exported as OtherModule;
  return {
    apiKey: api.key,
    version: api.version,
    createRequest: (...args) => createRequest(...args).buffer,
    parseResponse: (body) => parseResponse(0, api.key, api.version, kafka.Reader.from(body)),
  };
}

type OtherModule = {
  readonly api: { readonly key: number; readonly version: number };
  readonly createRequest: (...args: unknown[]) => { readonly buffer: Buffer };
  readonly parseResponse: (
    correlationId: number,
    apiKey: number,
    version: number,
    reader: unknown,
  ) => unknown;
};
