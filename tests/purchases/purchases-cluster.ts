import { UserClient } from '@chat-cluster/app-purchases/client';
import { Program } from '../path/program.ts';

const CLI = 'apps/cli/src/run.ts';

/** What a user bought, as a text that tests compare: `2 for 3096p`. */
export type Totals = ReadonlyMap<string, string>;

/** A purchases processor in a process of its own, started as a person does. */
export class Processor {
  readonly program: Program;
  readonly managementPort: number;
  readonly frontEndPort: number;

  private constructor(program: Program, managementPort: number, frontEndPort: number) {
    this.program = program;
    this.managementPort = managementPort;
    this.frontEndPort = frontEndPort;
  }

  /** Resolves when it is ready. `nodePort` is its own; the other ports are any that are free. */
  static async start(options: {
    readonly kafkaPort: number;
    /** As `--journal` takes it. */
    readonly journal: string;
    readonly nodePort: number;
    readonly args?: readonly string[];
  }): Promise<Processor> {
    const { kafkaPort, journal, nodePort, args = [] } = options;
    const ports = [String(nodePort), '0', '0'];
    const where = ['--brokers', `127.0.0.1:${kafkaPort}`, '--journal', journal];
    const program = new Program(CLI, ['purchases', 'processor', ...ports, ...where, ...args]);
    const ready = await program.untilPrinted(
      /^Ready: .* http:\/\/127\.0\.0\.1:(\d+), gRPC front end [\d.]+:(\d+)\.$/m,
    );
    return new Processor(program, Number(ready[1]), Number(ready[2]));
  }

  /** As many as `curl …/cluster/shards/user-processing | jq -r . | grep shardId | wc -l` counts. */
  async shardCount(): Promise<number> {
    const url = `http://127.0.0.1:${this.managementPort}/cluster/shards/user-processing`;
    const shown: unknown = await (await fetch(url)).json();
    return JSON.stringify(shown, null, 2)
      .split('\n')
      .filter((line) => line.includes('shardId')).length;
  }

  /** What it answers for these users. Rejects with the sentence of one that it does not answer. */
  async totalsOf(userIds: Iterable<string>): Promise<Totals> {
    const client = new UserClient({ host: '127.0.0.1', port: this.frontEndPort });
    const ask = async (userId: string): Promise<readonly [string, string]> => {
      const { totalPurchases, totalPrice } = await client.stats(userId);
      return [userId, `${totalPurchases} for ${totalPrice}p`];
    };
    try {
      return new Map(await Promise.all([...userIds].map(ask)));
    } finally {
      client.close();
    }
  }
}

/** Starts a producer that sends so many purchases. */
export function startProducer(
  kafkaPort: number,
  { count, rate }: { readonly count: number; readonly rate: number },
): Program {
  const brokers = ['--brokers', `127.0.0.1:${kafkaPort}`];
  const much = ['--count', String(count), '--rate', String(rate)];
  return new Program(CLI, ['purchases', 'producer', ...brokers, ...much]);
}

/** Starts a client, whose standard input is a pipe. */
export function startClient(frontEndPort: number): Program {
  return new Program(CLI, ['purchases', 'client', '--port', String(frontEndPort)], { reads: true });
}

/** What the client prints when this is typed into a pipe that ends then. */
export async function talk(frontEndPort: number, typed: string): Promise<string> {
  const client = startClient(frontEndPort);
  client.type(typed);
  client.endInput();
  const { code } = await client.ended;
  return code === 0 ? client.stdout : `${client.stdout}${client.stderr}(exit code ${code})`;
}
