import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';

const root = join(import.meta.dirname, '../..');
const packages = [
  'kernel',
  'contract',
  'conversation',
  'log',
  'log-kafka',
  'engine',
  'node',
  'broker',
];
const libraries = ['@platformatic/kafka', 'cassandra-driver', 'lmdb'];

/** What a file of a project laid out like ours imports, and the rule that it breaks, if any. */
const planted: { file: string; imports: string; breaks?: string; isTypeOnly?: true }[] = [
  { file: 'packages/kernel/src/up.ts', imports: '@chat-cluster/log', breaks: 'layer-kernel' },
  {
    file: 'packages/conversation/src/engine.ts',
    imports: '@chat-cluster/engine',
    breaks: 'layer-conversation',
  },
  {
    file: 'packages/engine/src/adapter.ts',
    imports: '@chat-cluster/log-kafka',
    breaks: 'layer-engine',
  },
  {
    file: 'packages/engine/src/rules.test.ts',
    imports: '@chat-cluster/conversation',
    breaks: 'layer-engine',
  },
  {
    file: 'packages/node/src/adapter.ts',
    imports: '@chat-cluster/log-kafka',
    breaks: 'layer-node',
  },
  { file: 'packages/node/src/down.ts', imports: '@chat-cluster/engine' },
  { file: 'packages/log/src/down.ts', imports: '@chat-cluster/kernel' },
  { file: 'packages/engine/src/down.ts', imports: '@chat-cluster/log' },
  { file: 'apps/local/src/wire.ts', imports: '@chat-cluster/engine' },

  {
    file: 'packages/surprise/src/new.ts',
    imports: '@chat-cluster/kernel',
    breaks: 'listed-package',
  },

  {
    file: 'packages/broker/src/client.ts',
    imports: '@platformatic/kafka',
    breaks: 'library-@platformatic/kafka',
  },
  { file: 'packages/log-kafka/src/client.ts', imports: '@platformatic/kafka' },
  { file: 'tests/conformance/client.ts', imports: '@platformatic/kafka' },
  {
    file: 'apps/local/src/journal.ts',
    imports: 'cassandra-driver',
    breaks: 'library-cassandra-driver',
  },
  { file: 'packages/engine/src/store.ts', imports: 'lmdb', breaks: 'library-lmdb' },

  {
    file: 'packages/contract/src/files.ts',
    imports: 'node:fs',
    breaks: 'pure-packages-know-no-node',
  },
  { file: 'packages/contract/src/files.test.ts', imports: 'node:fs' },
  { file: 'packages/log/src/files.ts', imports: 'node:fs' },

  {
    file: 'packages/log/src/app.ts',
    imports: '@chat-cluster/app-local',
    breaks: 'packages-below-apps',
  },
  {
    file: 'apps/local/src/bench.ts',
    imports: '../../../tests/conformance/client.ts',
    breaks: 'nobody-imports-tests',
  },
  {
    file: 'packages/log/src/inside.ts',
    imports: '../../kernel/src/index.ts',
    breaks: 'by-package-name',
  },
  {
    file: 'packages/log/src/untested.ts',
    imports: './log.test.ts',
    breaks: 'sources-import-no-tests',
  },
  { file: 'packages/log/src/log.test.ts', imports: './down.ts' },
  { file: 'packages/broker/src/ring-a.ts', imports: './ring-b.ts', breaks: 'no-cycle' },
  { file: 'packages/broker/src/ring-b.ts', imports: './ring-a.ts' },
  { file: 'packages/broker/src/type-a.ts', imports: './type-b.ts', isTypeOnly: true },
  { file: 'packages/broker/src/type-b.ts', imports: './type-a.ts', isTypeOnly: true },
  {
    file: 'packages/conversation/src/type-up.ts',
    imports: '@chat-cluster/engine',
    breaks: 'layer-conversation',
    isTypeOnly: true,
  },
  { file: 'packages/broker/src/lost.ts', imports: './nowhere.ts', breaks: 'resolvable' },
];

test('every planted import that breaks a rule is found, and no other', async (context) => {
  const folder = plantProject(context);
  const { summary } = await cruiseProject(folder);
  const found = summary.violations.map(({ from, rule }) => `${from} breaks ${rule.name}`);
  const expected = planted.flatMap(({ file, breaks }) =>
    breaks ? [`${file} breaks ${breaks}`] : [],
  );
  assert.deepEqual(found.toSorted(), expected.toSorted());
});

test('the rules see every source file of this repository', async () => {
  const files = globSync('{packages,apps}/*/src/**/*.ts', { cwd: root });
  assert.ok(files.includes('packages/kernel/src/index.ts'));
  const { modules } = await cruiseProject(root);
  const seen = new Set(modules.map(({ source }) => source));
  const unseen = files.filter((file) => !seen.has(file));
  assert.deepEqual(unseen, []);
});

test('an import of another package is followed to its source', async () => {
  const { modules } = await cruiseProject(root);
  const targets = modules.flatMap(({ dependencies }) => dependencies.map((to) => to.resolved));
  assert.ok(targets.includes('packages/kernel/src/index.ts'));
});

async function cruiseProject(baseDir: string): Promise<ICruiseResult> {
  const options = await extractDepcruiseOptions(join(root, '.dependency-cruiser.mjs'));
  const pattern = '{packages,apps,tests,tools,bench}/**/*.ts';
  const { output } = await cruise([pattern], { ...options, baseDir });
  assert.ok(typeof output === 'object', 'without a reporter the result is an object');
  return output;
}

function plantProject(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'imports-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  write('package.json', '{ "type": "module" }');
  const writeWorkspace = (path: string, name: string): void => {
    write(`${path}/package.json`, '{ "exports": "./src/index.ts" }');
    write(`${path}/src/index.ts`, 'export const answer = 42;\n');
    link(join(folder, path), join(folder, 'node_modules/@chat-cluster', name));
  };
  for (const name of packages) writeWorkspace(`packages/${name}`, name);
  writeWorkspace('apps/local', 'app-local');
  for (const library of libraries) {
    link(join(root, 'node_modules', library), join(folder, 'node_modules', library));
  }
  for (const { file, imports, isTypeOnly } of planted) {
    write(file, `export ${isTypeOnly ? 'type ' : ''}* from '${imports}';\n`);
  }
  return folder;
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}
