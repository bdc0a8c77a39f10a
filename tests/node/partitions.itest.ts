import { after, before, describe } from 'node:test';
import { startEmbeddedBackend, type Backend } from './backend.ts';
import { describePartitions } from './partitions-scenario.ts';

describe('on the embedded broker and LMDB', () => {
  let backend: Backend;

  before(async () => {
    backend = await startEmbeddedBackend();
  });
  after(() => backend[Symbol.asyncDispose]());

  describePartitions(() => backend);
});
