import { after, before, describe } from 'node:test';
import { startEmbeddedBackend, type Backend } from './backend.ts';
import { describeHandOver } from './hand-over-scenario.ts';
import { describeKill } from './kill-scenario.ts';
import { NodeCluster } from './node-cluster.ts';

describe('on the embedded broker and LMDB', () => {
  let backend: Backend;
  let cluster: NodeCluster;

  before(async () => {
    backend = await startEmbeddedBackend();
    cluster = await NodeCluster.start(backend);
  });
  after(async () => {
    await cluster[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  describeHandOver(() => cluster);
  describeKill(() => cluster);
});
