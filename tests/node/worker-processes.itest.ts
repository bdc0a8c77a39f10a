import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { within } from '../crash/within.ts';
import { startEmbeddedBackend, type Backend } from './backend.ts';
import { childProcesses, isRunning } from './child-processes.ts';
import { MOVE_WAIT_MS } from './node-cluster.ts';
import { NodeProgram } from './node-program.ts';
import {
  describeWorkerProcesses,
  startTwoWorkers,
  untilBothHaveShards,
} from './worker-processes-scenario.ts';

describe('on the embedded broker and LMDB', () => {
  let backend: Backend;

  before(async () => {
    backend = await startEmbeddedBackend();
  });
  after(() => backend[Symbol.asyncDispose]());

  describeWorkerProcesses(() => backend);

  it('a node with two workers leaves nothing when it is killed', async () => {
    const node = await startTwoWorkers(backend);
    await using program = node.program;
    await untilBothHaveShards(node);
    const children = childProcesses(program.pid);
    assert.equal(children.length, 2);
    await program.kill();
    await within(MOVE_WAIT_MS, async () => {
      const left = children.filter(isRunning);
      return left.length === 0 ? undefined : `No process is left: ${left.join(', ')}.`;
    });
  });

  it('what keeps a worker from starting is said by its node, which then ends', async () => {
    const journal = backend.journal('refusal');
    const { kafkaPort } = backend;
    const options = { kafkaPort, journal };
    const first = await NodeProgram.start({ ...options, args: ['--group', 'first'] });
    await first.program.stop();
    await using second = await startEmbeddedBackend();
    // The journal knows 12 partitions by now.
    const args = ['--workers', '2', '--partitions', '6'];
    await assert.rejects(
      NodeProgram.start({ kafkaPort: second.kafkaPort, journal, args }),
      /"level":60.*Worker 127\.0\.0\.1:0 could not start: .*12/,
    );
  });
});
