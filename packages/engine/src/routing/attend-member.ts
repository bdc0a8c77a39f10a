import type { Random, Timers } from '@chat-cluster/kernel';
import { nextAttendance, type AttendanceEvent, type AttendanceState } from './attendance.ts';
import type { Attending } from './attending.ts';
import { waitFor } from './deadline.ts';
import type { MapMember } from './shard-map.ts';

export type AttendMemberOptions = {
  readonly attending: Attending;
  readonly timers: Timers;
  readonly random: Random;
  /** Told each state that follows, also if it is the same. Default: nobody is. */
  readonly onState?: (state: AttendanceState) => void;
  /** The member, confirmed before, has left its group. */
  readonly onLeft: () => void;
  /** The member does not let this node in. Told at most once. */
  readonly onShutOut: () => void;
};

/** For a connection to be made, and for a process to confirm its member. A process that takes longer is left to the group's session time-out. */
const CONFIRM_TIMEOUT_MS = 1_000;
/** Between two tries at a member that was never confirmed, or is unclear: between half of it and all of it. */
const RETRY_MS = 1_000;
/** After a stream broke: a process that dies may still take a connection, for a moment. */
const BROKEN_RETRY_MS = 20;

/** Stays with a member until it is gone; resolves then, and only then. Rejects with the signal's reason. */
export async function attendMember(
  { endpoint, memberId }: MapMember,
  { attending, timers, random, onState, onLeft, onShutOut }: AttendMemberOptions,
  signal: AbortSignal,
): Promise<void> {
  const options = { timeoutMs: CONFIRM_TIMEOUT_MS, signal };
  let state: AttendanceState = 'unconfirmed';
  const happened = (event: AttendanceEvent): AttendanceState => {
    state = nextAttendance(state, event);
    onState?.(state);
    return state;
  };
  let isShutOut = false;
  const isConfirmed = (): boolean => state === 'confirmed';
  const onConfirmed = (): void => {
    happened('confirmed');
  };
  for (;;) {
    const probed = await attending.probe(endpoint, options);
    signal.throwIfAborted();
    let now = happened(probed);
    if (now === 'gone') return;
    if (probed === 'connected') {
      const before = now;
      const ended = await attending.attend(endpoint, memberId, onConfirmed, options);
      signal.throwIfAborted();
      const hasLeft = ended === 'not-here' && isConfirmed();
      now = happened(ended === 'shut-out' ? 'unclear' : ended);
      if (hasLeft) onLeft();
      if (ended === 'shut-out' && !isShutOut) onShutOut();
      isShutOut ||= ended === 'shut-out';
      // The one that was confirmed broke just now: what its endpoint does next decides.
      if (now === 'broken' && before !== 'broken') continue;
    }
    const delayMs = now === 'broken' ? BROKEN_RETRY_MS : RETRY_MS;
    await waitFor(timers, (delayMs / 2) * (1 + random.next()), signal);
  }
}
