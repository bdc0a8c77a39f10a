/** One worker of a processor that has several: the processor starts this file. */
import { enableCompileCache } from 'node:module';

enableCompileCache();
// The processor may be gone before the rest is loaded.
process.once('disconnect', () => process.exit(1));
const { runPurchasesWorker } = await import('./run-purchases-worker.ts');
await runPurchasesWorker();
