/** One worker of a chat node that has several: the node starts this file. */
import { enableCompileCache } from 'node:module';

enableCompileCache();
// The node may be gone before the rest is loaded.
process.once('disconnect', () => process.exit(1));
const { runChatWorker } = await import('./run-chat-worker.ts');
await runChatWorker();
