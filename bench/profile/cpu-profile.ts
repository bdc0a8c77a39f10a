/** What `node --cpu-prof` writes, as far as it is read here (Chrome DevTools Protocol, Profiler.Profile). */
type CpuProfile = {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds of the monotonic clock, the one of `process.hrtime`. */
  readonly startTime: number;
  readonly samples: readonly number[];
  /** From one sample to the next, in microseconds. */
  readonly timeDeltas: readonly number[];
};

type ProfileNode = {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
};

/** Microseconds of the monotonic clock. */
export type Span = { readonly fromMicros: number; readonly toMicros: number };

/** Time that a thread spent in functions themselves, without what they call: the share of it in all but idleness. */
export type SelfTimes = {
  readonly busyMicros: number;
  /** The largest first. */
  readonly byFunction: readonly (readonly [name: string, micros: number])[];
  readonly byPart: readonly (readonly [name: string, micros: number])[];
};

const IDLE = '(idle)';

export function selfTimes(json: string, span: Span): SelfTimes {
  const profile = JSON.parse(json) as CpuProfile;
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byFunction = new Map<string, number>();
  const byPart = new Map<string, number>();
  let busyMicros = 0;
  let timeMicros = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    const micros = profile.timeDeltas[index] ?? 0;
    timeMicros += micros;
    const frame = frames.get(id);
    if (timeMicros < span.fromMicros || timeMicros > span.toMicros) continue;
    if (frame === undefined || frame.functionName === IDLE) continue;
    busyMicros += micros;
    add(byFunction, nameOf(frame), micros);
    add(byPart, partOf(frame), micros);
  }
  return { busyMicros, byFunction: largestFirst(byFunction), byPart: largestFirst(byPart) };
}

/** A function with its file, shortened to what is the project's or a package's. */
function nameOf({ functionName, lineNumber, url }: ProfileNode['callFrame']): string {
  const file = url.replace(/^.*\/node_modules\//, '').replace(/^.*\/(?=(packages|apps)\/)/, '');
  const name = functionName === '' ? '(anonymous)' : functionName;
  return file === '' ? name : `${name} ${file}:${lineNumber + 1}`;
}

/** The package of ours or of others that a function is in; Node's own and V8's work by their names. */
function partOf({ functionName, url }: ProfileNode['callFrame']): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'V8';
  if (url.startsWith('node:')) return 'node';
  const [, name] =
    /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ??
    /\/((?:packages|apps)\/[^/]+)\//.exec(url) ??
    [];
  return name ?? url;
}

function add(sums: Map<string, number>, name: string, micros: number): void {
  sums.set(name, (sums.get(name) ?? 0) + micros);
}

function largestFirst(sums: ReadonlyMap<string, number>): (readonly [string, number])[] {
  return [...sums].toSorted(([, one], [, other]) => other - one);
}
