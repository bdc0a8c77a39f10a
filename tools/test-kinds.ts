/** How the files of one kind of test are found and run. */
export type TestKind = {
  /** From the root of the repository; a test file matches exactly one pattern of all kinds. */
  readonly patterns: readonly string[];
  /** Files that run at the same time, each in a process of its own; or all one after the other in one process. */
  readonly files: { readonly atOnce: number } | 'in one process';
  /** For one test. */
  readonly timeoutMs: number;
  /** For a process, whatever hangs in it: more than a test has, so that one that took too long is reported first. */
  readonly processTimeoutMs: number;
};

const FOLDERS = '{packages,apps,tests,tools,bench}';

/** The kinds of test files, told apart by their suffix. */
export const testKinds = {
  /**
   * Unit, property and architecture tests: quick, with no process, socket or disk to wait for. In one process, because
   * to start one for each file, and to load there what all of them use, took longer than the tests.
   */
  unit: {
    patterns: [`${FOLDERS}/**/*.test.ts`],
    files: 'in one process',
    timeoutMs: 60_000,
    processTimeoutMs: 300_000,
  },
  /** Real sockets, disks and processes, on the embedded default. */
  integration: {
    patterns: [`${FOLDERS}/**/!(*.cluster).itest.ts`],
    files: { atOnce: 2 },
    timeoutMs: 300_000,
    processTimeoutMs: 305_000,
  },
  /** Needs the real Kafka and Cassandra that `npm run services` starts; one file at a time has them. */
  cluster: {
    patterns: [`${FOLDERS}/**/*.cluster.itest.ts`],
    files: { atOnce: 1 },
    timeoutMs: 900_000,
    processTimeoutMs: 905_000,
  },
} as const satisfies Record<string, TestKind>;

export type TestKindName = keyof typeof testKinds;
