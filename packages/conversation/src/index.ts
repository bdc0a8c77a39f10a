export type { ConversationCommand } from './commands.ts';
export { conversation } from './conversation.ts';
export type { ConversationReply, SendReply } from './decision.ts';
export type { ConversationState } from './initial-state.ts';
