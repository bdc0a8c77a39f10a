import { NodeLink, type LocalWorker, type WorkerOrders } from '@chat-cluster/node';
import { runProgram } from './program.ts';

/**
 * Runs a worker in a process that its node started, until the node asks it to stop, or is gone. What keeps it from starting or going on is told to the node. `start` is given a function to
 * call when the worker cannot go on.
 */
export async function runWorker(
  start: (orders: WorkerOrders, fail: (error: Error) => void) => Promise<LocalWorker>,
): Promise<void> {
  let link: NodeLink | undefined;
  await runProgram(
    async (fail, stop) => {
      link = new NodeLink(process, { onStop: stop, onGone: () => process.exit(1) });
      const worker = await start(await link.orders(), fail);
      link.started(worker);
      return worker;
    },
    (sentence) => link?.failed(sentence),
  );
}
