import { parseArgs } from 'node:util';
import { exitOnSignals } from './services/exit-on-signals.ts';
import { ServicesError } from './services/services-error.ts';
import { findGroup, portDefaults, startServices } from './services/start-services.ts';
import type { NodeCount } from './services/start-services.ts';

const help = `Runs real Apache Kafka and Apache Cassandra on this machine, without docker, for tests and benchmarks.

  npm run services -- start [flags]    start, and wait until clients can work with them
  npm run services -- status [--dir D] what runs, where, and where its log is; exit code 1 unless all is ready
  npm run services -- stop [--dir D]   stop politely, then kill; data and logs stay

Flags of start:
  --kafka 0|1|3          brokers (1). Three: one quorum, three replicas, two of them in sync
  --cassandra 0|1|3      nodes (1). Three: 127.0.0.1, 127.0.0.2, 127.0.0.3
  --kafka-port N         the first broker's port (${portDefaults.kafka}); each broker takes two: 3 brokers N … N+5,
                         clients use N, N+2, N+4
  --cassandra-port N     Cassandra's port (${portDefaults.cassandra}) for clients, N+1 between its nodes
  --dir D                data, logs, process ids (.services). Several folders with ports of their own run side by side
  --fresh                delete what an earlier run left in the folder first (it must be stopped)

Starting what runs already is no error. A folder keeps its number of nodes and its ports.
Needs Java 17, and Maven the first time: it fetches the jars (120 MB) into .services/jars of the repository,
for all folders. Memory: about 400 MB a broker, 1.5 GB a Cassandra node.
Logs: D/kafka-1/server.log, D/cassandra-1/server.log, …`;

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const command = positionals.join(' ');
  if (values.help || command === '' || command === 'help') return say(help);
  if (command === 'start') return start(values);
  if (command === 'stop') return stop(values.dir);
  if (command === 'status') return status(values.dir);
  throw new UsageError(`There is no command "${command}", only start, stop and status`);
}

/** What the person typed is not understood; the message says what. */
class UsageError extends Error {}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        kafka: { type: 'string', default: '1' },
        cassandra: { type: 'string', default: '1' },
        'kafka-port': { type: 'string', default: String(portDefaults.kafka) },
        'cassandra-port': { type: 'string', default: String(portDefaults.cassandra) },
        dir: { type: 'string', default: '.services' },
        fresh: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function start(values: ReturnType<typeof parse>['values']): Promise<number> {
  // What is half started is killed on exit; see keepRunning.
  exitOnSignals();
  const startedMs = performance.now();
  await startServices({
    dir: values.dir,
    kafka: nodeCount('--kafka', values.kafka),
    cassandra: nodeCount('--cassandra', values.cassandra),
    kafkaPort: port('--kafka-port', values['kafka-port']),
    cassandraPort: port('--cassandra-port', values['cassandra-port']),
    fresh: values.fresh,
    keepRunning: true,
  });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  await status(values.dir);
  return say(`Ready after ${seconds} s. Stop with: npm run services -- stop${dirFlag(values.dir)}`);
}

async function stop(dir: string): Promise<number> {
  const groups = groupsIn(dir).filter((group) => group.isAnyRunning());
  if (groups.length === 0) return say(`Nothing runs in ${dir}.`);
  await Promise.all(groups.map((group) => group.stop()));
  return say(`Stopped ${groups.map((group) => group.definition.name).join(' and ')} in ${dir}.`);
}

async function status(dir: string): Promise<number> {
  const servers = (await Promise.all(groupsIn(dir).map((group) => group.status()))).flat();
  if (servers.length === 0) say(`${dir} holds no services.`);
  for (const { name, pid, ready, addresses, logPath } of servers) {
    const state = pid === undefined ? 'stopped' : ready ? 'ready' : 'not ready';
    const process = pid === undefined ? '' : `pid ${pid}`;
    say(
      [name.padEnd(12), state.padEnd(10), process.padEnd(12), addresses.join(' '), logPath].join(
        ' ',
      ),
    );
  }
  return servers.length > 0 && servers.every(({ ready }) => ready) ? 0 : 1;
}

function groupsIn(dir: string) {
  const kinds = ['kafka', 'cassandra'] as const;
  return kinds.map((kind) => findGroup({ dir, kind })).filter((group) => group !== undefined);
}

function nodeCount(flag: string, text: string): NodeCount {
  if (text === '0') return 0;
  if (text === '1') return 1;
  if (text === '3') return 3;
  throw new UsageError(`${flag} must be 0, 1 or 3, not ${text}`);
}

function port(flag: string, text: string): number {
  const value = Number(text);
  // The highest port we add to it is N+5.
  if (Number.isInteger(value) && value > 0 && value <= 65_530) return value;
  throw new UsageError(`${flag} must be a port from 1 to 65530, not ${text}`);
}

function dirFlag(dir: string): string {
  return dir === '.services' ? '' : ` --dir ${dir}`;
}

function say(line: string): number {
  process.stdout.write(`${line}\n`);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ServicesError || error instanceof UsageError)) throw error;
  const hint = error instanceof UsageError ? '; see npm run services -- --help' : '';
  process.stderr.write(`${error.message}${hint}\n`);
  process.exitCode = 1;
}
