import type { Attending, MapMember } from '@chat-cluster/engine';

/** For a connection to be made, and for the process there to say who it is. */
const TIMEOUT_MS = 1_000;

/**
 * Whether a member of the group lives, by its endpoint. It does not if nobody listens there, or another member does; anything else, a process that does not answer above all, may be a slow
 * one.
 */
export async function isAlive(
  { endpoint, memberId }: Pick<MapMember, 'endpoint' | 'memberId'>,
  attending: Attending,
): Promise<boolean> {
  const ending = new AbortController();
  const options = { timeoutMs: TIMEOUT_MS, signal: ending.signal };
  if ((await attending.probe(endpoint, options)) === 'refused') return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  attending
    .attend(endpoint, memberId, () => resolve(true), options)
    .then(
      (ended) => resolve(ended !== 'not-here'),
      () => undefined, // it was asked no longer
    );
  const answer = await promise;
  ending.abort();
  return answer;
}
