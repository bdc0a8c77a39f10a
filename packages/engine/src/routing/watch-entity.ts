import { callOwner, type Called } from './call-owner.ts';
import type { WatchedEvent, WatchEnd } from './entity-owner.ts';
import { PeerError } from './peers.ts';
import { RouterError } from './router-error.ts';
import type { RoutingContext } from './routing-context.ts';
import { Trouble } from './trouble.ts';
import { waitForRetry } from './wait-for-retry.ts';

export type Watched = {
  readonly entityType: string;
  readonly entityId: string;
  readonly seqFrom: number;
};

/** A promise that it returns is waited for before the next event. */
export type OnEvent = (event: WatchedEvent) => Promise<void> | undefined;

/**
 * Gives the entity's committed events in order, from owner to owner, until the signal is aborted: rejects with its reason then, with what `onEvent` rejects with, or with a RouterError.
 */
export async function watchEntity(
  context: RoutingContext,
  { entityType, entityId, seqFrom }: Watched,
  onEvent: OnEvent,
  signal: AbortSignal,
): Promise<never> {
  const { clock, limits } = context;
  const next = new NextEvent(seqFrom, onEvent);
  const trouble = new Trouble('no node is known that owns it');
  let troubledSinceMs: number | undefined;
  for (let tries = 1; ; tries += 1) {
    const seqBefore = next.seq;
    const triedAtMs = clock.monotonicMs();
    const watch = { entityType, entityId, next, trouble };
    const called = await watchOnce(context, watch, signal).catch((error: unknown) => {
      throw error instanceof WatcherFailed ? error.cause : error;
    });
    if (called.kind === 'ended') throw errorOf(called.outcome, { entityType, entityId });
    const nowMs = clock.monotonicMs();
    // An owner took the watch, and it lasted or brought something.
    if (next.seq > seqBefore || nowMs - triedAtMs > limits.hopTimeoutMs) {
      tries = 0;
      troubledSinceMs = undefined;
    }
    troubledSinceMs ??= nowMs;
    if (nowMs - troubledSinceMs >= limits.watchUnavailableMs) {
      throw new RouterError(
        'unavailable',
        `${entityType} ${entityId} cannot be watched: ${trouble.words}. Watch again later, from seq ${next.seq}.`,
      );
    }
    context.counters.retried += 1;
    if (called.kind === 'in-vain') {
      await waitForRetry(context, { entityType, tries: Math.max(1, tries) }, signal);
    }
  }
}

type Ended = Exclude<WatchEnd, { kind: 'not-owner' }>;

async function watchOnce(
  context: RoutingContext,
  options: {
    readonly entityType: string;
    readonly entityId: string;
    readonly next: NextEvent;
    readonly trouble: Trouble;
  },
  signal: AbortSignal,
): Promise<Called<Ended>> {
  const { entityType, entityId, next, trouble } = options;
  const call = {
    entityType,
    entityId,
    here: (
      owner: Parameters<Parameters<typeof callOwner<Ended>>[1]['here']>[0],
      ending: AbortSignal,
    ) => owner.watch({ entityId, seqFrom: next.seq }, next.take, ending),
    there: ({ endpoint }: { readonly endpoint: string }, ending: AbortSignal) =>
      context.peers.watch(endpoint, { entityType, entityId, seqFrom: next.seq }, next.take, ending),
    hopTimeoutMs: undefined,
    trouble,
  };
  return callOwner<Ended>(context, call, signal);
}

/** Lets through one event after the other, whoever owns the entity: a gap or a repeat is the fault of who sent it, and never reaches the watcher. */
class NextEvent {
  seq: number;
  readonly #onEvent: OnEvent;

  constructor(seq: number, onEvent: OnEvent) {
    this.seq = seq;
    this.#onEvent = onEvent;
  }

  readonly take: OnEvent = (event) => {
    const seqExpected = this.seq + event.skippedCount;
    if (event.seq !== seqExpected || event.skippedCount < 0) {
      throw new PeerError('failed', `gave event ${event.seq} where ${seqExpected} is the next one`);
    }
    this.seq = event.seq + 1;
    return this.#give(event);
  };

  async #give(event: WatchedEvent): Promise<void> {
    try {
      await this.#onEvent(event);
    } catch (error) {
      throw new WatcherFailed(error);
    }
  }
}

/** The watcher's own error, so that it is not taken for one of the node that sent the event. */
class WatcherFailed extends Error {
  override readonly name = 'WatcherFailed';

  constructor(cause: unknown) {
    super('The watcher failed.', { cause });
  }
}

function errorOf(
  end: Ended,
  { entityType, entityId }: { readonly entityType: string; readonly entityId: string },
): RouterError {
  if (end.kind === 'refused') return new RouterError(end.code, end.reason);
  return new RouterError(
    'too-slow',
    `The watcher of ${entityType} ${entityId} did not keep up: watch again, from the seq after the last event.`,
  );
}
