import { readFileSync } from 'node:fs';
import { readLocalConfiguration } from './configuration.ts';
import { runLocal } from './run-local.ts';

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
  case 'settings':
    await runLocal(configuration.settings);
}
