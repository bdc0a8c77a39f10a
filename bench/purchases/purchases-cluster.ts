import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from '../child.ts';

const KAFKA_PORT = 19_780;
/** Of the first processor; each further one's are ten higher: node, management, front end. */
const PROCESSOR_PORT = 19_781;

/** The embedded broker in a process of its own, and processors that share one LMDB journal. */
export class PurchasesCluster {
  readonly kafkaPort = KAFKA_PORT;
  readonly #dir = mkdtempSync(join(tmpdir(), 'purchases-bench-'));
  readonly #children = new Map<string, Child>();

  /** Process ids by what they are. */
  get pids(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#children].map(([name, { pid }]) => [name, pid]));
  }

  async startBroker(): Promise<void> {
    const script = join(import.meta.dirname, '../chat/broker-process.ts');
    const command = [process.execPath, script, join(this.#dir, 'broker'), String(KAFKA_PORT)];
    const broker = startChild(command);
    this.#children.set('broker', broker);
    await broker.line((line) => line === 'ready');
  }

  /** Resolves when it is ready. */
  async startProcessor(index: number): Promise<void> {
    const ports = portsOf(index);
    const processor = startChild([
      process.execPath,
      join(import.meta.dirname, '../../apps/cli/src/main.js'),
      ...['purchases', 'processor', ...ports.map(String), '--quiet'],
      ...['--brokers', `127.0.0.1:${KAFKA_PORT}`],
      ...['--journal', `lmdb:${join(this.#dir, 'journal')}`],
    ]);
    this.#children.set(processorName(index), processor);
    await processor.line((line) => line.includes('Ready'));
  }

  /** Consume, transform, produce over the same records; reports each count of what is committed until it has done all of them. */
  async runBareLoop(options: {
    readonly partitionCount: number;
    readonly count: number;
    readonly onCommitted: (count: number) => unknown;
  }): Promise<void> {
    const { partitionCount, count, onCommitted } = options;
    const loop = startChild(
      [
        process.execPath,
        join(import.meta.dirname, '../bare-loop.ts'),
        ...[String(KAFKA_PORT), String(partitionCount), 'purchases'],
      ],
      (line) => onCommitted(Number(line)),
    );
    this.#children.set('bare loop', loop);
    await loop.line((line) => Number(line) >= count);
    await loop.kill();
    this.#children.delete('bare loop');
  }

  async stopProcessor(index: number): Promise<void> {
    await this.#children.get(processorName(index))?.stop();
    this.#children.delete(processorName(index));
  }

  managementPort(index: number): number {
    return portsOf(index)[1];
  }

  frontEndPort(index: number): number {
    return portsOf(index)[2];
  }

  async remove(): Promise<void> {
    for (const child of [...this.#children.values()].reverse()) await child.stop();
    rmSync(this.#dir, { recursive: true });
  }
}

function portsOf(index: number): readonly [node: number, management: number, frontEnd: number] {
  const first = PROCESSOR_PORT + 10 * index;
  return [first, first + 1, first + 2];
}

function processorName(index: number): string {
  return `processor ${index + 1}`;
}
