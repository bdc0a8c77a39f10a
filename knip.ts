import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import type { KnipConfig } from 'knip';

/** Processes that a benchmark or a test starts. */
const started = [
  'bench/bare-loop.ts',
  'bench/chat/broker-process.ts',
  'bench/hand-over/bare-member.ts',
  'tests/crash/*-process.ts',
];

const tests = 'src/**/*.{test,itest,bench}.ts';

/** A workspace that is only announced has a package.json and no entry yet: there is nothing to judge. */
const announced = globSync('{packages,apps}/*', { cwd: import.meta.dirname }).filter(
  (folder) =>
    !['src/index.ts', 'src/main.ts'].some((entry) =>
      existsSync(join(import.meta.dirname, folder, entry)),
    ),
);

export default {
  ignoreWorkspaces: announced,
  // Debian packages.
  ignoreBinaries: ['kcat'],
  // Generated code exports all that a proto file has.
  ignoreIssues: { 'packages/*/src/gen/**': ['exports', 'types'] },
  // Programs that tools/generate.ts starts.
  ignoreDependencies: ['@bufbuild/buf', '@bufbuild/protoc-gen-es'],
  // The type of an exported function's argument is exported with it.
  ignoreExportsUsedInFile: { type: true, interface: true },
  workspaces: {
    '.': {
      entry: ['{tools,bench}/*.ts', '{tests,tools,bench}/**/*.{test,itest,bench}.ts', ...started],
      project: ['{tools,tests,bench}/**/*.ts'],
    },
    'packages/*': { entry: [tests], project: ['src/**/*.ts'] },
    'apps/*': { entry: [tests], project: ['src/**/*.ts'] },
  },
} satisfies KnipConfig;
