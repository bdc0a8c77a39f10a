import { sleep, type Timers } from '@chat-cluster/kernel';
import type { EntityOwner } from '../routing/entity-owner.ts';
import { PeerError } from '../routing/peers.ts';
import type { FormerOwner, FormerOwners, RetiredPart } from './former-owners.ts';

/** A process of a test: the worker in it, as long as it lives. */
export type KeepingProcess = Pick<EntityOwner, 'isMember' | 'retiredParts'>;

/** What happens to a part under way. `replaced`: something else comes. */
export type PartFate =
  | { readonly kind: 'comes'; readonly afterMs: number }
  | { readonly kind: 'replaced'; readonly by: RetiredPart }
  | { readonly kind: 'breaks' };

/** Former owners in the same process, for tests. By default all that they keep comes at once. */
export class MemoryFormerOwners implements FormerOwners {
  readonly #timers: Timers;
  /** The processes that live, by endpoint. */
  readonly #processes: (endpoint: string) => KeepingProcess | undefined;
  fateOf: (part: RetiredPart) => PartFate = () => ({ kind: 'comes', afterMs: 0 });
  /** Parts that came. */
  givenCount = 0;

  constructor(timers: Timers, processes: (endpoint: string) => KeepingProcess | undefined) {
    this.#timers = timers;
    this.#processes = processes;
  }

  async retiredStates(
    { endpoint, memberId }: FormerOwner,
    { shards }: { readonly shards: readonly number[] },
    onPart: (part: RetiredPart) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const keeping = this.#processes(endpoint);
    if (keeping === undefined) throw new PeerError('refused', 'refused the connection');
    if (!keeping.isMember(memberId)) throw new PeerError('failed', 'is another member');
    for (const part of keeping.retiredParts(shards)) {
      const fate = this.fateOf(part);
      if (fate.kind === 'comes') await sleep(this.#timers, fate.afterMs);
      signal.throwIfAborted();
      const isGone = this.#processes(endpoint) !== keeping;
      if (isGone || fate.kind === 'breaks') throw new PeerError('broken', 'broke the connection');
      this.givenCount += 1;
      onPart(fate.kind === 'replaced' ? fate.by : part);
    }
  }
}
