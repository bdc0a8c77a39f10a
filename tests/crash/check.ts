import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';

/** What the checker counts; see tests/checker. */
export type CheckedCounts = {
  readonly inputs: number;
  readonly messages: number;
  readonly duplicates: number;
  readonly strays: number;
  readonly invalid: number;
  readonly outputs: number;
  readonly deadLetters: number;
  readonly journalRows: number;
  readonly conversations: number;
};

const checkerFolder = join(import.meta.dirname, '../checker');
const PYTHON = join(import.meta.dirname, '../../.venv/bin/python');
const REPORT_BYTES_MAX = 64 * 1024 * 1024;

/** The same of purchases. */
export type CheckedPurchases = {
  readonly inputs: number;
  readonly users: number;
  readonly purchases: number;
  readonly pence: number;
  readonly strays: number;
  readonly events: number;
  readonly deadLetters: number;
  readonly answers: number;
  readonly journalRows: number;
};

/** Runs the independent checker on Kafka and a journal; fails with its report unless it finds no difference. */
export function assertClean(options: {
  readonly kafkaPort: number;
  /** `--journal cassandra:…` or `--journal-dump FILE` */
  readonly journal: readonly [option: string, where: string];
}): Promise<CheckedCounts> {
  const { kafkaPort, journal } = options;
  return countsOfClean(['check.py', '--brokers', `127.0.0.1:${kafkaPort}`, ...journal]);
}

/** The same for purchases: it asks these front ends for every user, too. */
export function assertPurchasesClean(options: {
  readonly kafkaPort: number;
  /** As the checker's `--journal` takes it. */
  readonly journal: string;
  readonly frontEndPorts: readonly number[];
}): Promise<CheckedPurchases> {
  const { kafkaPort, journal, frontEndPorts } = options;
  const where = ['--brokers', `127.0.0.1:${kafkaPort}`, '--journal', journal];
  const asked = frontEndPorts.flatMap((port) => ['--ask', `127.0.0.1:${port}`]);
  const patience = ['--settle-seconds', String(SETTLE_SECONDS)];
  return countsOfClean(['check_purchases.py', ...where, ...asked, ...patience]);
}

/** The journal comes after the commit. */
const SETTLE_SECONDS = 20;

async function countsOfClean<Counts>(args: string[]): Promise<Counts> {
  const { code, stdout, stderr } = await run(args);
  assert.equal(code, 0, `The checker found differences.\n${stdout}\n${stderr}`);
  return (JSON.parse(stdout) as { counts: Counts }).counts;
}

function run(args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const ran = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  const options = { cwd: checkerFolder, maxBuffer: REPORT_BYTES_MAX };
  execFile(PYTHON, args, options, (error, stdout, stderr) => {
    const code = error === null ? 0 : error.code;
    if (typeof code === 'number') ran.resolve({ code, stdout, stderr });
    else ran.reject(error ?? new Error('The checker did not end.'));
  });
  return ran.promise;
}
