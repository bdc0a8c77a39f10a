/** What a router has done since it started; the management server shows it as metrics. */
export class RoutingCounters {
  /** By an owner in this process. */
  answeredLocally = 0;
  /** By another node. */
  answeredByHop = 0;
  /** Tries after the first one, of questions and of watches. */
  retried = 0;
  /** The deadline passed. */
  unavailable = 0;
  /** By the owner, for what is wrong with the question. */
  refused = 0;
  /** Questions of other nodes that an owner here answered. */
  hopsServed = 0;
  /** Questions of other nodes that nobody here owns. */
  hopsNotOwned = 0;
}
