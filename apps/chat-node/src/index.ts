export { type NodeSettings, readNodeConfiguration } from './configuration.ts';
export { journalLimits, openJournal } from './open-journal.ts';
export { runProgram, sentenceOf, type Running } from './program.ts';
export { runNode } from './run-node.ts';
export { type ClusterMembership, workerConnections } from './worker-connections.ts';
export { runWorker } from './run-worker.ts';
export { startChatNode } from './start-chat-node.ts';
