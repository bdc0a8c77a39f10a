export {
  JOURNAL_MUST_BE,
  type JournalAddress,
  type NodeSettings,
  readJournalAddress,
  readNodeConfiguration,
} from './configuration.ts';
export { openJournal } from './open-journal.ts';
export { runProgram, sentenceOf, type Running } from './program.ts';
export { runNode } from './run-node.ts';
export { startChatNode, type ChatNode, type ChatNodeOptions } from './start-chat-node.ts';
