import { Program } from './program.ts';

/** The embedded default, started as `npm start` does, and where it listens. */
export type LocalProgram = {
  readonly program: Program;
  readonly kafkaPort: number;
  readonly httpPort: number;
  readonly managementPort: number;
};

/** The arguments of `npm start` for a data folder, on any free ports. */
export function localArguments(dataDir: string): string[] {
  return ['--data-dir', dataDir, '--kafka-port', '0', '--http-port', '0', '--management-port', '0'];
}

/** What `npm start` runs. */
const START = 'apps/local/src/start.ts';

/** Starts it, and resolves when it has printed its summary. */
export function startLocalProgram(dataDir: string, entry = START): Promise<LocalProgram> {
  return untilSummary(new Program(entry, localArguments(dataDir)));
}

/** Resolves when it has printed its summary. */
export async function untilSummary(program: Program): Promise<LocalProgram> {
  const printed = await program.untilPrinted(SUMMARY);
  const [kafkaPort = 0, httpPort = 0, managementPort = 0] = printed.slice(1).map(Number);
  return { program, kafkaPort, httpPort, managementPort };
}

const SUMMARY =
  /Kafka clients\s+127\.0\.0\.1:(\d+)[^]*http:\/\/127\.0\.0\.1:(\d+)[^]*http:\/\/127\.0\.0\.1:(\d+)\/ready[^]*Ctrl-C/;
