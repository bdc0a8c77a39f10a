import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogAdmin } from '@chat-cluster/log';
import { PARTITION_COUNT } from '../chat/load.ts';
import { type Child, startChild } from '../child.ts';
import type { NodeIndex } from './two-nodes.ts';

export const BARE_GROUP = 'bare-hand-over';
export const BARE_TOPICS = { input: 'bare_in', output: 'bare_out' } as const;

const NAMES = ['bare-a', 'bare-b'] as const;
const SETTLE_POLL_MS = 20;

/** Two members of a bare group, in processes that are killed, stopped and started again. */
export class BareGroup {
  readonly #kafkaPort: number;
  readonly #members: Child[] = [];
  /** By index: what the latest assignment was. */
  readonly #assigned: { memberId: string; partitions: readonly number[] }[] = [];

  private constructor(kafkaPort: number) {
    this.#kafkaPort = kafkaPort;
  }

  static async start(kafkaPort: number): Promise<BareGroup> {
    const group = new BareGroup(kafkaPort);
    await group.startMember(0);
    await group.startMember(1);
    return group;
  }

  /** Resolves when both have their half. */
  async startMember(index: NodeIndex): Promise<void> {
    const script = join(import.meta.dirname, 'bare-member.ts');
    const args = [String(this.#kafkaPort), String(PARTITION_COUNT), NAMES[index]];
    const child = startChild([process.execPath, script, ...args], (line) => {
      const [, memberId = '', list = ''] = /^member (\S+) (\S*)$/.exec(line) ?? [];
      this.#assigned[index] = { memberId, partitions: list.split(',').map(Number) };
    });
    this.#members[index] = child;
    await child.line((line) => line.startsWith('member '));
    while (this.#members.length === 2 && !this.#isEven()) {
      await delay(SETTLE_POLL_MS);
    }
  }

  partitionsOf(index: NodeIndex): readonly number[] {
    return this.#assigned[index]?.partitions ?? [];
  }

  /** SIGKILL; then it is taken out of the group at once, as chat nodes do for each other. */
  async kill(index: NodeIndex, admin: Pick<LogAdmin, 'removeMember'>): Promise<void> {
    const memberId = this.#assigned[index]?.memberId ?? '';
    await this.#members[index]?.kill();
    await admin.removeMember({ groupId: BARE_GROUP, memberId, reason: 'killed' });
  }

  /** SIGTERM: it leaves the group. */
  async stopMember(index: NodeIndex): Promise<void> {
    await this.#members[index]?.stop();
  }

  async remove(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.kill()));
  }

  #isEven(): boolean {
    return [0, 1].every(
      (index) => this.#assigned[index]?.partitions.length === PARTITION_COUNT / 2,
    );
  }
}
