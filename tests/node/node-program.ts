import type { ShownShard } from '../crash/chat-node.ts';
import { Program } from '../path/program.ts';

/** What `/cluster/shards/conversation?detail` tells of a shard. */
export type OwnedShard = ShownShard & { readonly worker: string };

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
    /** As `--journal` takes it. */
    readonly journal: string;
    /** Default: of any free port. */
    readonly endpoint?: string | undefined;
    readonly args?: readonly string[];
  }): Promise<NodeProgram> {
    const { args = [], endpoint: asked = '127.0.0.1:0', journal, kafkaPort } = options;
    const program = new Program('apps/cli/src/main.js', [
      ...['node', '--brokers', `127.0.0.1:${kafkaPort}`, '--journal', journal],
      ...['--endpoint', asked, '--management-port', '0', '--http-port', '0', ...args],
    ]);
    const [, port, endpoint = ''] = await program.untilPrinted(
      /"managementPort":(\d+),"msg":"Ready: node (\S+) of /,
    );
    return new NodeProgram(program, Number(port), endpoint);
  }

  /** What the management server answers; undefined if it does not. */
  async ask(path: string): Promise<unknown> {
    const text = await this.#fetch(path);
    return text === undefined ? undefined : JSON.parse(text);
  }

  /** The shards that it owns; none when it does not answer. */
  async shards(): Promise<readonly OwnedShard[]> {
    const answer = await this.ask('/cluster/shards/conversation?detail');
    return (answer as { regions: readonly OwnedShard[] } | undefined)?.regions ?? [];
  }

  /** What it has counted, by the name without `chatcluster_` and `_total`: of all workers, and all labels, together. Empty when it does not answer. */
  async metrics(): Promise<Metrics> {
    const sums = new Map<string, number>();
    const text = (await this.#fetch('/metrics')) ?? '';
    for (const [, name = '', value] of text.matchAll(
      /^chatcluster_(\w+?)(?:_total)?(?:\{.*\})? (\S+)$/gm,
    )) {
      sums.set(name, (sums.get(name) ?? 0) + Number(value));
    }
    return sums;
  }

  async #fetch(path: string): Promise<string | undefined> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.managementPort}${path}`);
      return await response.text();
    } catch {
      return undefined;
    }
  }
}

export type Metrics = ReadonlyMap<string, number>;
