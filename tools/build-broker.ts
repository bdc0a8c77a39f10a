import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'rolldown';

/**
 * `npm run build:broker [-- FOLDER]`: makes of the broker a package that can be published: JavaScript with the packages of ours that it
 * needs in it, the types of what it exports, its README and the licence. Default: `dist/broker`; `npm pack` takes it from there.
 */
const root = join(import.meta.dirname, '..');
const packageDir = resolve(root, process.argv[2] ?? 'dist/broker');
const KERNEL = '@chat-cluster/kernel';
const IMPORT = /(from |import\()'([^']+)'/g;

type Manifest = Readonly<Record<string, unknown>> & {
  readonly dependencies: Readonly<Record<string, string>>;
};

rmSync(packageDir, { recursive: true, force: true });
mkdirSync(packageDir, { recursive: true });
const manifest = JSON.parse(
  readFileSync(join(root, 'packages/broker/package.json'), 'utf8'),
) as Manifest;
const dependencies = Object.fromEntries(
  Object.entries(manifest.dependencies).filter(([name]) => name !== KERNEL),
);
await build({
  cwd: root,
  platform: 'node',
  input: {
    index: 'packages/broker/src/index.ts',
    'broker-thread': 'packages/broker/src/broker-thread.ts',
  },
  external: Object.keys(dependencies),
  output: {
    dir: packageDir,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  },
  logLevel: 'warn',
});
writeTypes();
writeFileSync(
  join(packageDir, 'package.json'),
  `${JSON.stringify(
    {
      name: manifest['name'],
      version: manifest['version'],
      description: 'A Kafka-protocol broker in a Node program: durable, without Java or Docker',
      keywords: ['kafka', 'broker', 'embedded', 'test'],
      license: manifest['license'],
      type: 'module',
      exports: { '.': { types: './types/broker/src/index.d.ts', default: './index.js' } },
      files: ['*.js', 'types'],
      engines: { node: '>=24' },
      dependencies,
    },
    null,
    2,
  )}\n`,
);
cpSync(join(root, 'packages/broker/README.md'), join(packageDir, 'README.md'));
cpSync(join(root, 'LICENSE'), join(packageDir, 'LICENSE'));

/** The declarations that those of `index.ts` need, with the paths that they have from each other. */
function writeTypes(): void {
  const emitted = mkdtempSync(join(tmpdir(), 'broker-types-'));
  try {
    const config = join(emitted, 'tsconfig.json');
    writeFileSync(config, JSON.stringify(typesConfig(emitted)));
    execFileSync(process.execPath, [join(root, 'node_modules/.bin/tsc'), '-p', config]);
    copyDeclaration('broker/src/index.d.ts', { emitted, copied: new Set() });
  } finally {
    rmSync(emitted, { recursive: true });
  }
}

function typesConfig(outDir: string): object {
  return {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      outDir,
      rootDir: join(root, 'packages'),
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: [],
    files: ['broker', 'kernel'].map((name) => join(root, 'packages', name, 'src/index.ts')),
  };
}

function copyDeclaration(
  path: string,
  { copied, emitted }: { readonly emitted: string; readonly copied: Set<string> },
): void {
  if (copied.has(path)) return;
  copied.add(path);
  const folder = dirname(path);
  const text = readFileSync(join(emitted, path), 'utf8').replaceAll(
    IMPORT,
    (whole, before: string, from: string) => {
      if (!from.startsWith('.') && from !== KERNEL) return whole;
      const target = from === KERNEL ? 'kernel/src/index.ts' : join(folder, from);
      copyDeclaration(target.replace(/\.ts$/, '.d.ts'), { emitted, copied });
      const at = relative(folder, target).replace(/\.ts$/, '.js');
      return `${before}'${at.startsWith('.') ? at : `./${at}`}'`;
    },
  );
  mkdirSync(dirname(join(packageDir, 'types', path)), { recursive: true });
  writeFileSync(join(packageDir, 'types', path), text);
}
