// What may import what: docs in ARCHITECTURE.md. Strictly downwards; an adapter alone imports its library.

/** Package → the packages it may import. A package that is not listed here may import none. */
const ALLOWED = {
  kernel: [],
  contract: ['kernel'],
  conversation: ['kernel', 'contract'],
  inbox: ['kernel', 'contract'],
  purchases: ['kernel', 'contract'],
  sensors: ['kernel', 'contract'],
  log: ['kernel'],
  journal: ['kernel'],
  engine: ['kernel', 'log', 'journal'],
  node: ['kernel', 'log', 'journal', 'engine'],
  'log-kafka': ['kernel', 'log'],
  'journal-cassandra': ['kernel', 'journal'],
  'journal-lmdb': ['kernel', 'journal'],
  broker: ['kernel'],
  registry: ['kernel', 'log'],
  connect: ['kernel', 'log', 'journal', 'registry'],
  gateway: ['kernel', 'contract', 'log', 'engine'],
  toolbox: ['kernel', 'contract', 'log', 'registry', 'connect'],
  web: ['kernel', 'contract'],
};

/** These run in a browser too. */
const PURE = ['kernel', 'contract', 'conversation', 'inbox', 'purchases', 'sensors', 'web'];

/** Library → the only package that may import it. */
const ADAPTERS = {
  '@platformatic/kafka': 'log-kafka',
  'cassandra-driver': 'journal-cassandra',
  lmdb: 'journal-lmdb',
};

const TEST_FILE = String.raw`\.(test|itest|bench)\.ts$`;

const layers = Object.entries(ALLOWED).map(([name, allowed]) => ({
  name: `layer-${name}`,
  comment: `${name} may import ${allowed.join(', ') || 'no other package'}.`,
  severity: 'error',
  from: { path: `^packages/${name}/` },
  to: { path: '^packages/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
}));

const adapters = Object.entries(ADAPTERS).map(([library, owner]) => ({
  name: `library-${library}`,
  comment: `Only ${owner} knows ${library}; everyone else uses its port.`,
  severity: 'error',
  from: { path: '^(packages|apps|tools|bench)/', pathNot: `^packages/${owner}/` },
  to: { path: `(^|/)${library}(/|$)` },
}));

export default {
  forbidden: [
    ...layers,
    ...adapters,
    {
      name: 'listed-package',
      comment: 'A new package gets a line in the table of layers first.',
      severity: 'error',
      from: { path: '^packages/', pathNot: `^packages/(${Object.keys(ALLOWED).join('|')})/` },
      to: { path: '^packages/', pathNot: '^packages/$1/' },
    },
    {
      name: 'packages-below-apps',
      comment: 'Packages are wired together by apps; nobody imports tests, bench and tools.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^(apps|tests|tools|bench)/' },
    },
    {
      name: 'nobody-imports-tests',
      comment: 'Nobody imports tests, bench and tools but themselves.',
      severity: 'error',
      from: { path: '^apps/' },
      to: { path: '^(tests|tools|bench)/' },
    },
    {
      name: 'by-package-name',
      comment: 'Another package is imported by its name, so that only what it exports is used.',
      severity: 'error',
      from: { path: '^(packages|apps)/([^/]+)/' },
      to: { path: '^(packages|apps)/', pathNot: '^$1/$2/', dependencyTypes: ['local'] },
    },
    {
      name: 'pure-packages-know-no-node',
      comment: 'These packages run in a browser too.',
      severity: 'error',
      from: { path: `^packages/(${PURE.join('|')})/`, pathNot: TEST_FILE },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'sources-import-no-tests',
      comment: 'What a test needs from a source is exported by the source.',
      severity: 'error',
      from: { pathNot: TEST_FILE },
      to: { path: TEST_FILE },
    },
    {
      name: 'no-cycle',
      comment: 'Two files that need each other are one file, or lack a third one.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'The imported module does not exist.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js'],
    },
  },
};
