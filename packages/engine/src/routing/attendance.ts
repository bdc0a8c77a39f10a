/**
 * What is known of a member at its endpoint. `confirmed`: the process there said that it is this member, and its stream is open. `broken`: that stream ended, and what a new connection
 * shows is not known yet. `gone`: nobody lives there any more.
 */
export type AttendanceState = 'unconfirmed' | 'confirmed' | 'broken' | 'gone';

/**
 * `confirmed`, `not-here`: what the process at the endpoint says of the member. `stream-broke`: the stream, or the call for it, ended. `connected`, `refused`: what came of a new
 * connection. `unclear`: anything else, a time-out above all.
 */
export type AttendanceEvent =
  | 'confirmed'
  | 'not-here'
  | 'stream-broke'
  | 'connected'
  | 'refused'
  | 'unclear';

/**
 * A member is gone only by the one way that a dead process leaves open: it was confirmed, its stream broke, and then its endpoint refused a connection, with nothing unclear in between. A
 * process that is slow, paused or cut off does not refuse.
 */
const transitions: Readonly<
  Record<AttendanceState, Readonly<Record<AttendanceEvent, AttendanceState>>>
> = {
  unconfirmed: {
    confirmed: 'confirmed',
    'not-here': 'unconfirmed',
    'stream-broke': 'unconfirmed',
    connected: 'unconfirmed',
    refused: 'unconfirmed',
    unclear: 'unconfirmed',
  },
  confirmed: {
    confirmed: 'confirmed',
    'not-here': 'unconfirmed',
    'stream-broke': 'broken',
    connected: 'confirmed',
    // Of no new connection that was made after the stream broke: it says nothing.
    refused: 'confirmed',
    unclear: 'unconfirmed',
  },
  broken: {
    confirmed: 'confirmed',
    // Another process has the endpoint. It knows what became of the one before (it has its name).
    'not-here': 'unconfirmed',
    // The endpoint took a connection and dropped it: it is closing, or starting again.
    'stream-broke': 'broken',
    connected: 'broken',
    refused: 'gone',
    unclear: 'unconfirmed',
  },
  gone: {
    confirmed: 'gone',
    'not-here': 'gone',
    'stream-broke': 'gone',
    connected: 'gone',
    refused: 'gone',
    unclear: 'gone',
  },
};

export function nextAttendance(state: AttendanceState, event: AttendanceEvent): AttendanceState {
  return transitions[state][event];
}
