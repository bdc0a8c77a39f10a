import { Program } from '../path/program.ts';

/** A chat node, as `chatcluster node` starts it, on any free ports but those that are given. */
export class NodeProgram {
  readonly program: Program;
  readonly managementPort: number;
  /** HOST:PORT where it answers for any conversation. */
  readonly endpoint: string;

  private constructor(program: Program, managementPort: number, endpoint: string) {
    this.program = program;
    this.managementPort = managementPort;
    this.endpoint = endpoint;
  }

  /** Resolves when every worker of it has its first assignment. */
  static async start(options: {
    readonly kafkaPort: number;
    readonly journalDir: string;
    readonly args?: readonly string[];
  }): Promise<NodeProgram> {
    const { args = [], journalDir, kafkaPort } = options;
    const program = new Program('apps/cli/src/main.js', [
      ...['node', '--brokers', `127.0.0.1:${kafkaPort}`, '--journal', `lmdb:${journalDir}`],
      ...['--endpoint', '127.0.0.1:0', '--management-port', '0', '--http-port', '0', ...args],
    ]);
    const [, port, endpoint = ''] = await program.untilPrinted(
      /"managementPort":(\d+),"msg":"Ready: node (\S+) of /,
    );
    return new NodeProgram(program, Number(port), endpoint);
  }

  /** What the management server answers; undefined if it does not. */
  async ask(path: string): Promise<unknown> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.managementPort}${path}`);
      return await response.json();
    } catch {
      return undefined;
    }
  }

  /** How many shards it owns and has taken over. */
  async runningShardCount(): Promise<number> {
    const answer = await this.ask('/cluster/shards/conversation?detail');
    const { regions = [] } = (answer ?? {}) as { regions?: { phase: string }[] };
    return regions.filter(({ phase }) => phase === 'running').length;
  }

  /** How many shards it owns. */
  async shardCount(): Promise<number> {
    const answer = await this.ask('/cluster/shards/conversation');
    return (answer as { regions: unknown[] } | undefined)?.regions.length ?? 0;
  }
}
