export { createMissingTopics, type TopicToCreate } from './create-missing-topics.ts';
export { closeServer, listenOnLoopback } from './listen.ts';
export { startNode, type NodeOptions, type RunningNode } from './start-node.ts';
