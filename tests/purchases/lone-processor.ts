import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, startBrokerThread } from '@chat-cluster/broker';
import { Processor } from './purchases-cluster.ts';

/** A processor with four shards, on an embedded broker and a journal of its own. */
export class LoneProcessor implements AsyncDisposable {
  readonly processor: Processor;
  /** As `--journal` takes it. */
  readonly journal: string;
  readonly #broker: Broker;
  readonly #dir: string;

  private constructor(from: { processor: Processor; broker: Broker; dir: string }) {
    this.processor = from.processor;
    this.#broker = from.broker;
    this.#dir = from.dir;
    this.journal = journalIn(from.dir);
  }

  static async start(nodePort: number, args: readonly string[] = []): Promise<LoneProcessor> {
    const dir = mkdtempSync(join(tmpdir(), 'lone-processor-'));
    const broker = await startBrokerThread({ dataDir: join(dir, 'broker') });
    const processor = await Processor.start({
      kafkaPort: broker.port,
      journal: journalIn(dir),
      nodePort,
      args: ['--partitions', '4', '--quiet', ...args],
    });
    return new LoneProcessor({ processor, broker, dir });
  }

  get kafkaPort(): number {
    return this.#broker.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.processor.program[Symbol.asyncDispose]();
    await this.#broker.close();
    rmSync(this.#dir, { recursive: true });
  }
}

function journalIn(dir: string): string {
  return `lmdb:${join(dir, 'journal')}`;
}
