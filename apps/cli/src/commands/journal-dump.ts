import { existsSync, readFileSync } from 'node:fs';
import {
  cassandraAccessSettings,
  type JournalSettings,
  journalSetting,
  readGiven,
  readJournal,
  settingOptions,
} from '@chat-cluster/app-chat-node/settings';
import { decodeUtf8 } from '@chat-cluster/contract';
import { type Command, type CommandContext, CommandFailure, UsageError } from '../command.ts';
import type { Given } from '../given.ts';

/** What is printed between two looks at whether it is taken. */
const LINES_AT_ONCE = 1_000;

/** Each may also come from the environment, as with the programs that write a journal. */
const SETTINGS = {
  journal: journalSetting({ description: 'lmdb:DIR or cassandra:HOST[:PORT],…[/KEYSPACE]' }),
  ...cassandraAccessSettings,
};

export const journalDump: Command = {
  name: 'journal dump',
  summary: 'print every event of a journal, a JSON line each',
  operands: '',
  details: `The lines are {"entityType":…,"entityId":…,"seq":…,"timestampMs":…,"source":{"topicId":…,"partition":…,
"offset":…},"event":…}: time and source are those of the input that the event was made from. Those of one
entity come in the order of their seq; those that are written meanwhile may be missing.

  chatcluster journal dump --journal lmdb:./data/journal
`,
  options: {
    ...settingOptions(SETTINGS),
    type: { value: 'NAME', description: 'the type of the entities (conversation)' },
  },
  run: async (given, context) => {
    given.operands();
    const settings = settingsOf(given, context);
    const entityType = given.text('type') ?? 'conversation';
    // It brings the drivers of journals, which no other command needs.
    const { openJournal, sentenceOf } = await import('@chat-cluster/app-chat-node');
    try {
      await dump(context, openJournal, { settings, entityType });
    } catch (error) {
      if (error instanceof UsageError || error instanceof CommandFailure) throw error;
      throw new CommandFailure(sentenceOf(error), { cause: error });
    }
  },
};

type OpenJournal = (typeof import('@chat-cluster/app-chat-node'))['openJournal'];

function settingsOf(given: Given, { env }: CommandContext): JournalSettings {
  const read = readGiven(SETTINGS, (name) => given.text(name), env);
  if (read.kind === 'problem') throw new UsageError(read.problem);
  const found = readJournal(read.values, { readFile: (path) => readFileSync(path, 'utf8') });
  if (found.kind === 'problem') throw new UsageError(found.problem);
  return found.journal;
}

async function dump(
  context: CommandContext,
  openJournal: OpenJournal,
  { settings, entityType }: { readonly settings: JournalSettings; readonly entityType: string },
): Promise<void> {
  // Opening would make it.
  if (settings.kind === 'lmdb' && !existsSync(settings.dir)) {
    throw new CommandFailure(`There is no folder ${settings.dir}: name the one of a journal.`);
  }
  const journal = await openJournal(settings, { replicationFactor: undefined });
  try {
    let lineCount = 0;
    for await (const { entityId, seq, timestampMs, source, event } of journal.scan(entityType)) {
      if (context.signal.aborted) return;
      const start = JSON.stringify({ entityType, entityId, seq, timestampMs, source });
      // The event is JSON already, and shall be seen as it is kept.
      context.print(`${start.slice(0, -1)},"event":${decodeUtf8(event) ?? 'null'}}`);
      lineCount += 1;
      if (lineCount % LINES_AT_ONCE === 0) await context.printed();
    }
  } finally {
    await journal.close();
  }
}
