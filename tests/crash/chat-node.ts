import type { ShardStatus } from '@chat-cluster/engine';
import { Program } from '../path/program.ts';
import type { Arming } from './fuse.ts';
import type { NodeProcessOptions } from './node-process.ts';
import { tickOf } from './ticks.ts';
import { within } from './within.ts';

/** What `/cluster/shards/conversation?detail` tells of a shard. */
export type ShownShard = Omit<ShardStatus, 'shard' | 'entityCount'> & {
  readonly shardId: string;
  readonly numEntities: number;
};

/** What `/ready` answers. */
export type Readiness = { readonly ready: boolean; readonly troubles: readonly string[] };

type Member = { readonly name: string; readonly endpoint: string };

/** A chat node in a process of its own, that can be told where to die. */
export class ChatNode {
  readonly program: Program;
  readonly managementPort: number;

  private constructor(program: Program, managementPort: number) {
    this.program = program;
    this.managementPort = managementPort;
  }

  /** Resolves when it has its first assignment. */
  static async start(options: NodeProcessOptions): Promise<ChatNode> {
    const program = new Program('tests/crash/node-process.ts', [JSON.stringify(options)], {
      talks: true,
    });
    const [, port = ''] = await program.untilPrinted(/management (\d+)\./);
    return new ChatNode(program, Number(port));
  }

  arm(arming: Arming): void {
    this.program.send(arming);
  }

  /** How much time it has had, in ticks. */
  async ticks(): Promise<number> {
    const saidBefore = this.program.stderr.length;
    this.program.send('tell-ticks');
    let told: number | undefined;
    await within(ANSWER_WAIT_MS, () => {
      const said = this.program.stderr.slice(saidBefore).split('\n');
      told = tickOf(said.find((line) => line.endsWith('as asked')) ?? '');
      return Promise.resolve(told === undefined ? 'The node tells its ticks.' : undefined);
    });
    return told ?? 0;
  }

  /** Undefined when it does not answer. */
  async shards(): Promise<readonly ShownShard[] | undefined> {
    const answer = await this.#ask('/cluster/shards/conversation?detail');
    return (answer as { regions: ShownShard[] } | undefined)?.regions;
  }

  async readiness(): Promise<Readiness | undefined> {
    return (await this.#ask('/ready')) as Readiness | undefined;
  }

  /** A value of `/metrics`. Rejects when the node does not answer, or has no such metric. */
  async metric(name: string): Promise<number> {
    const text = await this.#fetch('/metrics');
    const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text ?? '')?.[1];
    if (value === undefined) throw new Error(`The node does not tell its ${name}.`);
    return Number(value);
  }

  /** HOST:PORT where it answers other nodes; undefined when it does not tell. */
  async endpoint(name: string): Promise<string | undefined> {
    const answer = (await this.#ask('/cluster/members')) as { members: Member[] } | undefined;
    return answer?.members.find((member) => member.name === name)?.endpoint;
  }

  async #ask(path: string): Promise<unknown> {
    const text = await this.#fetch(path);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async #fetch(path: string): Promise<string | undefined> {
    try {
      const signal = AbortSignal.timeout(ANSWER_WAIT_MS);
      const answer = await fetch(`http://127.0.0.1:${this.managementPort}${path}`, { signal });
      return await answer.text();
    } catch {
      return undefined;
    }
  }
}

const ANSWER_WAIT_MS = 5_000;
