import type { Command, Program } from './command.ts';
import { broker } from './commands/broker.ts';
import { chatLatest } from './commands/chat-latest.ts';
import { chatSend } from './commands/chat-send.ts';
import { chatTail } from './commands/chat-tail.ts';
import { deadLettersList } from './commands/dead-letters-list.ts';
import { deadLettersResend } from './commands/dead-letters-resend.ts';
import { deadLettersShow } from './commands/dead-letters-show.ts';
import { explain } from './commands/explain.ts';
import { journalDump } from './commands/journal-dump.ts';
import { node } from './commands/node.ts';
import { purchases } from './commands/purchases.ts';
import { quarantineEdit } from './commands/quarantine-edit.ts';
import { quarantineList } from './commands/quarantine-list.ts';
import { quarantineRetry } from './commands/quarantine-retry.ts';
import { quarantineShow } from './commands/quarantine-show.ts';
import { quarantineSkip } from './commands/quarantine-skip.ts';
import { start } from './commands/start.ts';

/** In the order of the help. */
export const programs: readonly Program[] = [start, node, broker, purchases];

/** In the order of the help. */
export const commands: readonly Command[] = [
  chatSend,
  chatLatest,
  chatTail,
  deadLettersList,
  deadLettersShow,
  deadLettersResend,
  quarantineList,
  quarantineShow,
  quarantineRetry,
  quarantineSkip,
  quarantineEdit,
  explain,
  journalDump,
];
