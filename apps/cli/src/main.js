#!/usr/bin/env node
// The sources are TypeScript, which the Node 24 that npm ci installs here runs as it is. This file runs on
// whatever Node the shell has (20 or newer), and hands over to that one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) await import('./run.ts');
else handOver();

function handOver() {
  const node = installedNode();
  if (node === undefined) {
    process.stderr.write(`Node ${NODE_MAJOR} is missing here: run npm ci first.\n`);
    process.exitCode = 1;
    return;
  }
  const script = fileURLToPath(new URL('run.ts', import.meta.url));
  const child = spawn(node, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both of us: the child decides when it is done.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`${node} cannot be run: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + signalNumber(signal);
  });
}

/** @param {string | null} signal */
function signalNumber(signal) {
  return Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? 0;
}

function installedNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json');
    const names = ['node', 'node.exe'].map((name) => join(dirname(manifest), 'bin', name));
    return names.find((name) => existsSync(name));
  } catch {
    return undefined;
  }
}
