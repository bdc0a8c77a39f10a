import { rmSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { build } from 'rolldown';
import { writeBundleSources } from '../apps/local/src/bundle-sources.ts';

/**
 * `npm run bundle [-- FOLDER]`: makes a few files of what `npm start` loads: `dist/local/main.js`, the thread of the broker, and what
 * both share. Packages with native parts, or files that they look for beside themselves, stay packages.
 */
const root = join(import.meta.dirname, '..');
const bundleDir = join(root, process.argv[2] ?? 'dist/local');

rmSync(bundleDir, { recursive: true, force: true });
const { output } = await build({
  cwd: root,
  platform: 'node',
  input: {
    main: 'apps/local/src/main.ts',
    'broker-thread': 'packages/broker/src/broker-thread.ts',
  },
  external: [
    /^lmdb$/,
    /^pino$/,
    /^cassandra-driver$/,
    /^@node-rs\//,
    /^@platformatic\/wasm-utils$/,
  ],
  output: {
    dir: bundleDir,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  },
  // That Cassandra's driver is loaded only when it is asked for is no matter here.
  checks: { ineffectiveDynamicImport: false },
  logLevel: 'warn',
});
const own = output
  .flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
  .filter((module) => isAbsolute(module))
  .map((module) => relative(root, module))
  .filter((path) => !path.startsWith('..') && !path.startsWith('node_modules'));
// What is installed shows in the lockfile.
writeBundleSources(bundleDir, { root, paths: [...own, 'package-lock.json', 'tools/bundle.ts'] });
