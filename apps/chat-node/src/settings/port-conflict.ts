/** A server of a program, by the setting that names its port; 0 is any that is free. */
export type ServedPort = {
  /** `--http-port` */
  readonly setting: string;
  readonly port: number;
  /** Workers, each with one of the ports after it; a single one has the port itself. Default: 1. */
  readonly workerCount?: number;
};

/** What is wrong with these ports, in a sentence: two servers on one, or too few after it. Undefined if nothing is. */
export function portConflict(served: readonly ServedPort[]): string | undefined {
  for (const { setting, port, workerCount = 1 } of served) {
    if (lastOf({ setting, port, workerCount }) > PORT_MAX) {
      return `${setting} has port ${port}, and there are no ${workerCount} ports after it for the workers; choose a lower one.`;
    }
  }
  for (const [index, one] of served.entries()) {
    const other = served.slice(0, index).find((each) => overlap(each, one));
    if (other !== undefined) return conflict(other, one);
  }
  return undefined;
}

const PORT_MAX = 65_535;

function lastOf({ port, workerCount = 1 }: ServedPort): number {
  return port === 0 || workerCount === 1 ? port : port + workerCount;
}

function overlap(one: ServedPort, other: ServedPort): boolean {
  if (one.port === 0 || other.port === 0) return false;
  return one.port <= lastOf(other) && other.port <= lastOf(one);
}

function conflict(one: ServedPort, other: ServedPort): string {
  const several = [one, other].find((each) => lastOf(each) > each.port);
  if (several === undefined) {
    return `${one.setting} and ${other.setting} are both ${one.port}; choose another one for one of them.`;
  }
  const { port, setting } = several === one ? other : one;
  return `${setting} is ${port}, and other nodes use ${several.port} to ${lastOf(several)} (${several.setting}); choose another one for one of them.`;
}
