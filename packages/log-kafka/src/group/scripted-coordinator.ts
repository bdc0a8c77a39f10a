import { deferred, type Deferred } from '@chat-cluster/kernel';
import { type Generation, LogError } from '@chat-cluster/log';
import type { GroupRequests, JoinAnswer, JoinRequest, SyncRequest } from './group-requests.ts';

/** For tests: a coordinator whose answers the test gives, one by one. */
export class ScriptedCoordinator implements GroupRequests {
  readonly joins: (JoinRequest & { readonly answer: Deferred<JoinAnswer> })[] = [];
  readonly syncs: (SyncRequest & {
    readonly answer: Deferred<{ errorCode: number; assignment: Uint8Array }>;
  })[] = [];
  readonly heartbeats: { readonly generation: Generation; readonly answer: Deferred<number> }[] =
    [];
  readonly leaves: string[] = [];
  isClosed = false;

  join(request: JoinRequest): Promise<JoinAnswer> {
    return this.#ask(this.joins, request);
  }

  sync(request: SyncRequest): Promise<{ errorCode: number; assignment: Uint8Array }> {
    return this.#ask(this.syncs, request);
  }

  heartbeat(generation: Generation): Promise<number> {
    return this.#ask(this.heartbeats, { generation });
  }

  leave(memberId: string): Promise<number> {
    this.leaves.push(memberId);
    return Promise.resolve(0);
  }

  dropJoin(): void {
    for (const { answer } of [...this.joins, ...this.syncs]) answer.reject(lostAnswer());
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  #ask<Request, Answer>(
    asked: (Request & { readonly answer: Deferred<Answer> })[],
    request: Request,
  ): Promise<Answer> {
    const answer = deferred<Answer>();
    asked.push({ ...request, answer });
    return answer.promise;
  }
}

/** The answer that never came. */
export function lostAnswer(): LogError {
  return new LogError('unavailable', 'The answer was lost.');
}

/** Lets everything run that waits for nothing but promises. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}
