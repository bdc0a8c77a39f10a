/** What a new connection shows. `unclear`: it was not made in time, or failed in another way than by a refusal. */
export type Probed = 'connected' | 'refused' | 'unclear';

/** How a node looks after another one, by its endpoint (HOST:PORT). No call rejects, but with the reason of its signal. */
export interface Attending {
  /** Makes a new connection and closes it. */
  probe(endpoint: string, options: AttendingOptions): Promise<Probed>;
  /**
   * Asks the process there to confirm that it is this member, and stays until that ends. `onConfirmed` is called when it has. `not-here` after that: the member has left its group. `unclear`: it did not say in time, or ended the call with an
   * error of its own, as a process does that stops as planned. `shut-out`: it does not let this node in, whose secret or certificate it does not trust.
   */
  attend(
    endpoint: string,
    memberId: string,
    onConfirmed: () => void,
    options: AttendingOptions,
  ): Promise<'not-here' | 'stream-broke' | 'unclear' | 'shut-out'>;
}

export type AttendingOptions = {
  /** Until the connection is made, or the member confirmed. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};
