import { systemClock, systemRandom, systemTimers } from '@chat-cluster/kernel';
import { runCli } from './cli.ts';
import { programs } from './commands.ts';

/** Half of what a person waits for; a broker that is alive answers within it. */
const REQUEST_TIMEOUT_MS = 5_000;

/** Runs the command line of this process. */
async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  // Who pipes into head has enough when head has.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
  const interruption = new AbortController();
  if (!programs.some(({ name }) => name === argv[0])) {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      // The second one ends it, as it would without us.
      process.once(signal, () => interruption.abort());
    }
  }
  const exitCode = await runCli(argv, {
    print: (line) => void process.stdout.write(`${line}\n`),
    printed,
    note: (line) => void process.stderr.write(`${line}\n`),
    signal: interruption.signal,
    env: process.env,
    openLog: async (bootstrap) => {
      const { openKafkaLog } = await import('@chat-cluster/log-kafka');
      return openKafkaLog({
        bootstrap,
        clientId: 'chatcluster-cli',
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
      });
    },
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
  });
  if (exitCode !== 'running') process.exitCode = exitCode;
}

function printed(): Promise<void> {
  if (!process.stdout.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    process.stdout.once('drain', resolve);
  });
}

await main();
