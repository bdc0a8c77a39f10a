import { Deadline, untilAborted } from './deadline.ts';
import type { EntityOwner, Refused } from './entity-owner.ts';
import { PeerError } from './peers.ts';
import type { RoutingContext } from './routing-context.ts';
import type { MapMember, ShardMap } from './shard-map.ts';
import type { Trouble } from './trouble.ts';

type Kind = { readonly kind: string };
type NotOwner = { readonly kind: 'not-owner'; readonly map: ShardMap | undefined };

/** A question or a watch, as it is put to an owner in this process or to one at another node. Both end when their signal does. */
export type OwnerCall<Outcome extends Kind> = {
  readonly entityType: string;
  readonly entityId: string;
  here(owner: EntityOwner, signal: AbortSignal): Promise<Outcome | NotOwner>;
  there(owner: MapMember, signal: AbortSignal): Promise<Outcome | NotOwner>;
  /** How long another node may take; undefined: for ever. */
  readonly hopTimeoutMs: number | undefined;
  /** Told before and after each try. */
  readonly trouble: Trouble;
};

/** `moved`: somebody else owns the entity by now, who can be tried at once. `in-vain`: there is nobody else to try, for the moment. */
export type Called<Outcome> =
  | { readonly kind: 'ended'; readonly outcome: Outcome; readonly isHere: boolean }
  | { readonly kind: 'moved' }
  | { readonly kind: 'in-vain' };

/**
 * One try at the owner by the youngest map. Learns a younger map from who is not the owner; gives another node up when a younger map says that the entity has moved, so that a node that
 * is paused holds nobody. A process outside of the group looks for a younger map when its try was in vain. An entity type that no node has is refused. Rejects with the signal's reason.
 */
export async function callOwner<Outcome extends Kind>(
  context: RoutingContext,
  call: OwnerCall<Outcome>,
  signal: AbortSignal,
): Promise<Called<Outcome | Refused>> {
  const { owners, maps, refresh } = context;
  const { entityType, entityId } = call;
  const unknown = owners.unknownType(entityType);
  if (unknown !== undefined && !refresh.canLook(entityType)) {
    return { kind: 'ended', outcome: unknown, isHere: true };
  }
  const place = owners.place(entityType, entityId);
  const owner = place?.owner;
  if (owner === undefined) {
    call.trouble.learn(
      place ? `nobody owns its shard ${place.shard} at the moment` : 'no node has said where it is',
    );
  } else {
    const worker = owners.worker(entityType, owner.memberId);
    const outcome = worker
      ? await callHere(call, { owner, worker }, signal)
      : await callThere(context, call, owner, signal);
    if (outcome !== undefined && !isNotOwner(outcome)) {
      return { kind: 'ended', outcome, isHere: worker !== undefined };
    }
    const map = outcome?.map;
    if (map) maps.learn(entityType, map);
  }
  const hasMoved = (): boolean => {
    const next = owners.place(entityType, entityId)?.owner;
    return next !== undefined && next.memberId !== owner?.memberId;
  };
  if (!hasMoved() && !owners.has(entityType)) {
    const looked = await untilAborted(refresh.look(entityType), signal);
    if (looked.kind === 'trouble') call.trouble.learn(looked.trouble);
    if (looked.kind === 'unknown-type') {
      const { reason } = looked;
      const outcome: Refused = { kind: 'refused', code: 'unknown-entity-type', reason };
      return { kind: 'ended', outcome, isHere: false };
    }
  }
  return { kind: hasMoved() ? 'moved' : 'in-vain' };
}

async function callHere<Outcome extends Kind>(
  call: OwnerCall<Outcome>,
  { owner, worker }: { readonly owner: MapMember; readonly worker: EntityOwner },
  signal: AbortSignal,
): Promise<Outcome | NotOwner> {
  const who = `its owner ${owner.name}, in this process,`;
  call.trouble.learn(`${who} is not ready to answer`, who);
  const outcome = await call.here(worker, signal);
  call.trouble.learn(`${who} does not own it any more`, who);
  return outcome;
}

/** Undefined when the other node did not answer. */
async function callThere<Outcome extends Kind>(
  { maps, owners, timers }: RoutingContext,
  call: OwnerCall<Outcome>,
  owner: MapMember,
  signal: AbortSignal,
): Promise<Outcome | NotOwner | undefined> {
  const { entityType, entityId, hopTimeoutMs } = call;
  const who = `its owner ${owner.name} at ${owner.endpoint}`;
  const learn = (words: string): void => call.trouble.learn(`${who} ${words}`, who);
  call.trouble.expect(`${who} has not answered`, who);
  const ending = new Deadline(timers, hopTimeoutMs, signal);
  const offYounger = maps.onYounger(entityType, () => {
    if (owners.place(entityType, entityId)?.owner?.memberId === owner.memberId) return;
    ending.end(new PeerError('silent', 'gave no answer before its shard moved'));
  });
  try {
    const outcome = await call.there(owner, ending.signal);
    learn('says that it does not own it any more');
    return outcome;
  } catch (error) {
    signal.throwIfAborted();
    if (ending.hasPassed) learn(`gave no answer within ${hopTimeoutMs} ms`);
    else if (error instanceof PeerError) learn(error.message);
    else throw error;
    return undefined;
  } finally {
    offYounger();
    ending.clear();
  }
}

function isNotOwner(outcome: { readonly kind: string }): outcome is NotOwner {
  return outcome.kind === 'not-owner';
}
