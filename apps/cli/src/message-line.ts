import { printable } from '@chat-cluster/kernel';

/** A message for people: `abc123 #0 bob: Hi there!` */
export function messageLine(message: {
  readonly conversationKey: string;
  readonly conversationMsgSeq: number;
  readonly sender: string;
  readonly body: string;
}): string {
  const { conversationKey, conversationMsgSeq, sender, body } = message;
  return `${printable(conversationKey)} #${conversationMsgSeq} ${printable(sender)}: ${printable(body)}`;
}
