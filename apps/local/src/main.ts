import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { readLocalConfiguration } from './configuration.ts';

// Loading is most of the time that a start takes: what was compiled once is kept.
enableCompileCache();

const configuration = readLocalConfiguration({
  argv: process.argv.slice(2),
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
});

switch (configuration.kind) {
  case 'help':
    process.stdout.write(`npm start -- [settings]\n\n${configuration.text}\n`);
    break;
  case 'problem':
    process.stderr.write(`${configuration.problem}\n`);
    process.exitCode = 1;
    break;
  case 'settings': {
    const { runLocal } = await import('./run-local.ts');
    await runLocal(configuration.settings);
  }
}
