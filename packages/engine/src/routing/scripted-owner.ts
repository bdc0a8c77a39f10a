import { deferred } from '@chat-cluster/kernel';
import type { RetiredPart } from '../hand-over/former-owners.ts';
import { untilAborted } from './deadline.ts';
import type {
  Answer,
  AskOutcome,
  EntityOwner,
  Question,
  WatchedEvent,
  WatchEnd,
} from './entity-owner.ts';
import type { ShardMap } from './shard-map.ts';

/** A worker for tests: what it answers is the test's. By default each question is answered with its own bytes, and a watch gives `events` and then waits. */
export class ScriptedOwner implements EntityOwner {
  readonly entityType: string;
  memberId: string;
  readonly shardCount = 4;
  readonly #left = deferred<void>();
  /** Of every entity. */
  events: WatchedEvent[] = [];
  /** How many of them its watchers have been given. */
  givenCount = 0;
  readonly questions: Question[] = [];
  onAsk: (question: Question, signal: AbortSignal) => Promise<AskOutcome>;
  onWatchEnd: (signal: AbortSignal) => Promise<WatchEnd> = unanswered;
  #map: ShardMap | undefined;
  readonly #callbacks = new Set<(map: ShardMap) => void>();

  constructor(memberId: string, { entityType = 'counter' }: { entityType?: string } = {}) {
    this.entityType = entityType;
    this.memberId = memberId;
    this.onAsk = async ({ question }) => ({ kind: 'answered', answer: this.answer(question) });
  }

  /** What it keeps, of any shard. */
  retired: RetiredPart[] = [];

  retiredParts(shards: readonly number[]): Iterable<RetiredPart> {
    return this.retired.filter(({ shard }) => shards.includes(shard));
  }

  answer(answer: Uint8Array): Answer {
    const positions = [{ topic: 'in', topicId: 'id', partition: 1, offsetNext: 2 ** 40 }];
    return { answer, seqNext: this.events.length, positions, worker: this.memberId };
  }

  setMap(map: ShardMap): void {
    this.#map = map;
    for (const callback of [...this.#callbacks]) callback(map);
  }

  map(): ShardMap | undefined {
    return this.#map;
  }

  onMap(callback: (map: ShardMap) => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }

  get left(): Promise<void> {
    return this.#left.promise;
  }

  leave(): void {
    this.#left.resolve();
  }

  isMember(memberId: string): boolean {
    return memberId === this.memberId;
  }

  async ask(question: Question, signal: AbortSignal): Promise<AskOutcome> {
    signal.throwIfAborted();
    this.questions.push(question);
    return this.onAsk(question, signal);
  }

  async watch(
    { seqFrom }: { readonly seqFrom: number },
    onEvent: (event: WatchedEvent) => Promise<void> | undefined,
    signal: AbortSignal,
  ): Promise<WatchEnd> {
    for (const event of this.events) {
      signal.throwIfAborted();
      if (event.seq < seqFrom) continue;
      this.givenCount += 1;
      await onEvent(event);
    }
    return this.onWatchEnd(signal);
  }
}

/** Says nothing: rejects with the signal's reason. */
export function unanswered(signal: AbortSignal): Promise<never> {
  return untilAborted(new Promise<never>(() => undefined), signal);
}

/** All four shards belong to the member of this index; endpoints are `HOST:PORT` by member. */
export function mapOf(
  generationId: number,
  endpoints: Readonly<Record<string, string>>,
  ownerIndex = 0,
): ShardMap {
  return {
    generationId,
    members: Object.entries(endpoints).map(([memberId, endpoint]) => ({
      name: `worker of ${memberId}`,
      endpoint,
      memberId,
    })),
    owners: Array.from({ length: 4 }, () => ownerIndex),
  };
}
