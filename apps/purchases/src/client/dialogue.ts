import { printable } from '@chat-cluster/kernel';

/** What a user bought. */
export type UserStats = { readonly totalPurchases: bigint; readonly totalPrice: bigint };

/**
 * Asks for user ids and tells what each bought, line by line, until `:q` or the end of the input. Resolves with how many questions were not answered.
 *
 * @param ask rejects with an error whose message is a sentence for the person; the dialogue goes on
 */
export async function holdDialogue(options: {
  readonly lines: AsyncIterable<string>;
  readonly ask: (userId: string) => Promise<UserStats>;
  readonly print: (line: string) => void;
  readonly note: (line: string) => void;
}): Promise<number> {
  const { lines, ask, print, note } = options;
  let failedCount = 0;
  print(PROMPT);
  for await (const line of lines) {
    const userId = line.trim();
    if (userId === QUIT) break;
    if (userId !== '') {
      try {
        print(answerLine(userId, await ask(userId)));
      } catch (error) {
        failedCount += 1;
        note(error instanceof Error ? error.message : String(error));
      }
    }
    print(PROMPT);
  }
  return failedCount;
}

const PROMPT = 'Enter user id or :q to quit';
const QUIT = ':q';

function answerLine(userId: string, { totalPurchases, totalPrice }: UserStats): string {
  return `User ${printable(userId)} has made ${totalPurchases} for a total of ${totalPrice}p`;
}
