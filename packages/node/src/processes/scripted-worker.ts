/** A worker in a process of its own, for tests: nothing becomes of what it is asked to explain, and it tells as its troubles which of that was given up. */
import { plantedMap, plantedWorker } from '../management/planted-workers.ts';
import type { LocalWorker } from '../start-worker.ts';
import { NodeLink } from './node-link.ts';

const troubles: string[] = [];
const link = new NodeLink(process, {
  onStop: () => process.disconnect(),
  onGone: () => undefined,
});
await link.orders();
link.started({
  owner: { map: () => plantedMap, onMap: () => () => undefined },
  look: async () => plantedWorker({ troubles }),
  explain: (...[question, , signal]: Parameters<LocalWorker['explain']>) => {
    signal?.addEventListener('abort', () => troubles.push(JSON.stringify(question)));
    return new Promise(() => undefined);
  },
} as unknown as LocalWorker);
