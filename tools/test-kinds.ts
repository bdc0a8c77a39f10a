/** How the files of one kind of test are found and run. */
export type TestKind = {
  /** From the root of the repository; a test file matches exactly one pattern of all kinds. */
  readonly patterns: readonly string[];
  /** Files that run at the same time, each in a process of its own. */
  readonly concurrency: number;
  /** For one test, and with a little delay for its whole file. */
  readonly timeoutMs: number;
};

const FOLDERS = '{packages,apps,tests,tools,bench}';

/** The kinds of test files, told apart by their suffix. */
export const testKinds = {
  /** Unit, property and architecture tests: quick, with no process, socket or disk to wait for. */
  unit: {
    patterns: [`${FOLDERS}/**/*.test.ts`],
    concurrency: 2,
    timeoutMs: 60_000,
  },
  /** Real sockets, disks and processes, on the embedded default. */
  integration: {
    patterns: [`${FOLDERS}/**/!(*.cluster).itest.ts`],
    concurrency: 2,
    timeoutMs: 300_000,
  },
  /** Needs the real Kafka and Cassandra that `npm run services` starts; one file at a time has them. */
  cluster: {
    patterns: [`${FOLDERS}/**/*.cluster.itest.ts`],
    concurrency: 1,
    timeoutMs: 900_000,
  },
} as const satisfies Record<string, TestKind>;

export type TestKindName = keyof typeof testKinds;
