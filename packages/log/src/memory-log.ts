import type { Fetcher, FetcherListener, FetcherOptions } from './fetcher.ts';
import type { GroupMember, GroupMemberOptions } from './group-member.ts';
import { LogError } from './log-error.ts';
import type { Log, Producer, RangeReadOptions } from './log.ts';
import { MemoryAdmin } from './memory-admin.ts';
import type { MemoryBroker } from './memory-broker.ts';
import { MemoryConnection } from './memory-connection.ts';
import { MemoryFetcher } from './memory-fetcher.ts';
import { MemoryGroupMember } from './memory-group-member.ts';
import { MemoryProducer } from './memory-producer.ts';
import { readMemoryRange } from './memory-range-reader.ts';
import { openMemoryTransactionalProducer } from './memory-transactional-producer.ts';
import type {
  TransactionalProducer,
  TransactionalProducerOptions,
} from './transactional-producer.ts';

export type MemoryLogOptions = {
  readonly broker: MemoryBroker;
  /** Names this client to the network's faults, and is the host that groups show for its members. */
  readonly clientName: string;
};

/**
 * A client of a `MemoryBroker`: one for each simulated node, many on one broker. As different from each other as processes are: they share nothing
 * but the broker, and what one of them sends crosses the broker's network.
 */
export class MemoryLog implements Log {
  readonly admin: MemoryAdmin;
  readonly clientName: string;
  readonly #broker: MemoryBroker;
  readonly #connections = new Set<MemoryConnection>();
  readonly #opened = new Set<{ close(): Promise<void> }>();
  readonly #members = new Set<MemoryGroupMember>();
  /** Of `readRange`, which opens nothing. */
  readonly #reading: { readonly broker: MemoryBroker; readonly connection: MemoryConnection };
  #isClosed = false;
  #isCrashed = false;

  constructor({ broker, clientName }: MemoryLogOptions) {
    this.#broker = broker;
    this.clientName = clientName;
    this.#reading = this.#ends();
    this.admin = this.#register(new MemoryAdmin(this.#ends()));
  }

  openGroupMember(options: GroupMemberOptions): GroupMember {
    this.#assertOpen();
    const member = new MemoryGroupMember({
      ...options,
      ...this.#ends(),
      clientHost: this.clientName,
    });
    this.#members.add(member);
    return member;
  }

  openFetcher(options: FetcherOptions, listener: FetcherListener): Fetcher {
    this.#assertOpen();
    return this.#register(new MemoryFetcher({ ...options, ...this.#ends() }, listener));
  }

  async openTransactionalProducer(
    options: TransactionalProducerOptions,
  ): Promise<TransactionalProducer> {
    this.#assertOpen();
    return this.#register(await openMemoryTransactionalProducer(this.#ends(), options));
  }

  openProducer(): Producer {
    this.#assertOpen();
    return this.#register(new MemoryProducer(this.#ends()));
  }

  async readRange(options: RangeReadOptions): Promise<void> {
    this.#assertOpen();
    await readMemoryRange(this.#reading, options);
  }

  /** Members that have not left are abandoned. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const member of this.#members) member.abandon();
    await Promise.all([...this.#opened].map((opened) => opened.close()));
  }

  /**
   * As when the process dies: nothing is sent any more, what was sent may still arrive, no promise settles and no listener is called.
   * For tests and simulations.
   */
  crash(): void {
    this.#isCrashed = true;
    for (const member of this.#members) member.crash();
    for (const connection of this.#connections) connection.close();
  }

  /** Drops all connections: what was sent still arrives, its answers are lost. The next requests go over new ones. For tests and simulations. */
  breakConnections(): void {
    for (const connection of this.#connections) connection.break();
  }

  /** A connection for each thing that is opened: what waits on one does not hold up another. */
  #ends(): { broker: MemoryBroker; connection: MemoryConnection } {
    const connection = new MemoryConnection(this.#broker.network, this.clientName);
    this.#connections.add(connection);
    if (this.#isCrashed) connection.close();
    return { broker: this.#broker, connection };
  }

  #register<T extends { close(): Promise<void> }>(opened: T): T {
    this.#opened.add(opened);
    return opened;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new LogError('closed', 'This log was closed.');
  }
}
