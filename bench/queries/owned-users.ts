import { USER_PROCESSING } from '@chat-cluster/contract/purchases';
import { homePartition } from '@chat-cluster/log';

const LOOK_MS = 100;

/** Users by whether a node owns them now, as its management says ten times a second. */
export class OwnedUsers {
  readonly #url: string;
  readonly #users: readonly { readonly id: string; readonly shard: number }[];
  #owned: ReadonlySet<number> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #at = 0;

  constructor(options: { managementPort: number; userCount: number; partitionCount: number }) {
    this.#url = `http://127.0.0.1:${options.managementPort}/cluster/shards/${USER_PROCESSING}`;
    this.#users = Array.from({ length: options.userCount }, (_, user) => {
      const id = String(user);
      return { id, shard: homePartition(Buffer.from(id), options.partitionCount) };
    });
  }

  async follow(): Promise<void> {
    await this.#look();
    // One look that fails leaves the last answer.
    this.#timer = setInterval(() => void this.#look().catch(() => undefined), LOOK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** The next user, in turn, that the node owns, or does not. */
  next(isOwned: boolean): string {
    for (let step = 0; step < this.#users.length; step++) {
      this.#at = (this.#at + 1) % this.#users.length;
      const user = this.#users[this.#at];
      if (user !== undefined && this.#owned.has(user.shard) === isOwned) return user.id;
    }
    return '0';
  }

  async #look(): Promise<void> {
    const answer: unknown = await (await fetch(this.#url)).json();
    const { regions } = answer as { readonly regions: readonly { readonly shardId: string }[] };
    this.#owned = new Set(regions.map(({ shardId }) => Number(shardId)));
  }
}
