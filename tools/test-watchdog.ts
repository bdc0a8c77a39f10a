/**
 * Loaded into the processes of a test run (`--import 'test-watchdog.ts?timeoutMs=N[&watch=runner]'`): ends one that
 * lives longer. Node's own `--test-timeout` fails a test that waits too long, but stops neither a loop that never yields
 * nor a process that a forgotten socket keeps alive.
 *
 * The runner itself is watched only where it runs the tests in its own process.
 */
import { writeSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

type Watch = { readonly watchdog: true; readonly file: string; readonly timeoutMs: number };

const query = new URL(import.meta.url).searchParams;

/** Node sets it in the processes of test files, not in the runner that starts them. */
const isFile = process.env['NODE_TEST_CONTEXT'] !== undefined;

if (isMainThread && (isFile || query.get('watch') === 'runner')) startWatch();
else if (isWatch(workerData)) endProcessAfter(workerData);

/** In a thread, because the loop of the main one may be what hangs. */
function startWatch(): void {
  const file = (isFile ? process.argv[1] : undefined) ?? 'The test run';
  const watch: Watch = { watchdog: true, file, timeoutMs: Number(query.get('timeoutMs')) };
  new Worker(new URL(import.meta.url), { workerData: watch, execArgv: [] }).unref();
}

function endProcessAfter({ file, timeoutMs }: Watch): void {
  setTimeout(() => {
    // Nothing that needs the main thread: it may be stuck.
    writeSync(2, `${file} still runs after ${timeoutMs} ms: killed.\n`);
    process.kill(process.pid, 'SIGKILL');
  }, timeoutMs);
}

/** A test's own threads load this file too, with data of their own. */
function isWatch(data: unknown): data is Watch {
  return typeof data === 'object' && data !== null && 'watchdog' in data;
}
