import { spawnSync } from 'node:child_process';
import { globSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * `npm run generate`: TypeScript of the `proto` folder of every package into that package's `src/gen`. Nothing is fetched: all files are here.
 */
const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules', '.bin');

for (const folder of globSync('packages/*/proto', { cwd: root })) {
  const out = join(dirname(folder), 'src', 'gen');
  rmSync(join(root, out), { recursive: true, force: true });
  const template = {
    version: 'v2',
    plugins: [
      {
        local: join(bin, 'protoc-gen-es'),
        out,
        opt: ['target=ts', 'import_extension=ts'],
      },
    ],
  };
  const { status } = spawnSync(
    join(bin, 'buf'),
    ['generate', folder, '--template', JSON.stringify(template)],
    { cwd: root, stdio: 'inherit' },
  );
  if (status !== 0) process.exit(1);
}
