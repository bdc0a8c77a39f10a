import { join } from 'node:path';
import { assertAddressFree } from './addresses.ts';
import type { Address } from './addresses.ts';
import { ProcessHandle } from './process-handle.ts';

/** What makes a group of servers Kafka or Cassandra; see kafka.ts and cassandra.ts, which look alike. */
export type ServerDefinition = {
  name: 'kafka' | 'cassandra';
  nodeCount: number;
  /** Brokers of one quorum need each other to become ready; Cassandra nodes must join one after the other. */
  startsTogether: boolean;
  /** How long a polite stop may take before kill -9. */
  stopGraceMs: number;
  /** All addresses a node listens on, with what the person should read when one is taken. */
  listeners(index: number): { address: Address; forWhat: string }[];
  /** Writes the node's configuration, and whatever else its first start needs. May be called again. */
  prepare(options: { index: number; folder: string }): Promise<void>;
  /** The arguments of `java`, main class included. */
  javaArgs(options: { index: number; folder: string }): string[];
  /**
   * Whether a client can work with the node.
   *
   * @param wholeGroup all nodes are meant to be up, and this one must see them.
   */
  isReady(options: { index: number; wholeGroup: boolean }): Promise<boolean>;
};

/** The state of one server, as `status` shows it. */
export type ServerStatus = {
  name: string;
  pid: number | undefined;
  ready: boolean;
  addresses: string[];
  logPath: string;
};

const READY_TIMEOUT_MS = 180_000;

/** The nodes of one kind of server, in folders `<dir>/<kind>-<1…n>`. An index counts from 0. */
export class ServerGroup {
  readonly definition: ServerDefinition;
  readonly #java: string;
  readonly #handles: ProcessHandle[];
  /** Only what this process paused; another process's SIGSTOP is its own affair. */
  readonly #paused = new Set<number>();

  constructor(options: { definition: ServerDefinition; dir: string; java: string }) {
    this.definition = options.definition;
    this.#java = options.java;
    this.#handles = Array.from({ length: options.definition.nodeCount }, (_, index) => {
      const name = `${options.definition.name}-${index + 1}`;
      return new ProcessHandle({ name, folder: join(options.dir, name) });
    });
  }

  isAnyRunning(): boolean {
    return this.#handles.some((handle) => handle.pid() !== undefined);
  }

  /** The process ids by index; undefined for a node that does not run. */
  pids(): (number | undefined)[] {
    return this.#handles.map((handle) => handle.pid());
  }

  /**
   * Checks the addresses of all nodes that do not run yet.
   *
   * @throws ServicesError `address-taken` or `address-unusable`.
   */
  async assertAddressesFree(): Promise<void> {
    for (const [index, handle] of this.#handles.entries()) {
      if (handle.pid() === undefined) await this.#assertAddressesFree(index);
    }
  }

  /**
   * Starts the nodes that do not run, and waits until all are ready.
   *
   * @param onStarted is told of each process that this call starts.
   * @throws ServicesError when an address is taken, a node dies, or is not ready in three minutes.
   */
  async start(onStarted: (handle: ProcessHandle) => void = () => {}): Promise<void> {
    const indexes = this.#handles.keys();
    if (!this.definition.startsTogether) {
      for (const index of indexes) {
        await this.#launch(index, onStarted);
        await this.#untilReady(index, false);
      }
    } else {
      await Promise.all([...indexes].map((index) => this.#launch(index, onStarted)));
    }
    await Promise.all([...this.#handles.keys()].map((index) => this.#untilReady(index, true)));
  }

  /** Stops all nodes, politely first. Does nothing for those that do not run. */
  async stop(): Promise<void> {
    await Promise.all(this.#handles.map((handle) => handle.stop(this.definition.stopGraceMs)));
    this.#paused.clear();
  }

  /** kill -9 of one node; returns when it is gone. Its data stays. */
  async kill(index: number): Promise<void> {
    await this.#handle(index).kill();
    this.#paused.delete(index);
  }

  /** Stops one node politely. */
  async stopOne(index: number): Promise<void> {
    await this.#handle(index).stop(this.definition.stopGraceMs);
    this.#paused.delete(index);
  }

  /** Stops one node politely if it runs, starts it, and waits until it is ready. */
  async restart(index: number): Promise<void> {
    await this.stopOne(index);
    await this.#launch(index, () => {});
    const allUp = this.#handles.every((handle) => handle.pid() !== undefined);
    await this.#untilReady(index, allUp && this.#paused.size === 0);
  }

  /** Freezes one node: its connections stay open, nothing is answered. */
  pause(index: number): void {
    this.#handle(index).pause();
    this.#paused.add(index);
  }

  /** Lets a frozen node go on. */
  resume(index: number): void {
    this.#handle(index).resume();
    this.#paused.delete(index);
  }

  async status(): Promise<ServerStatus[]> {
    return Promise.all(
      this.#handles.map(async (handle, index) => {
        const pid = handle.pid();
        const ready = pid !== undefined && (await this.#isReady(index, true));
        const addresses = this.definition
          .listeners(index)
          .map(({ address }) => `${address.host}:${address.port}`);
        return { name: handle.name, pid, ready, addresses, logPath: handle.logPath };
      }),
    );
  }

  async #launch(index: number, onStarted: (handle: ProcessHandle) => void): Promise<void> {
    const handle = this.#handle(index);
    if (handle.pid() !== undefined) return;
    await this.#assertAddressesFree(index);
    await this.definition.prepare({ index, folder: handle.folder });
    const args = this.definition.javaArgs({ index, folder: handle.folder });
    handle.start({ command: this.#java, args: [handle.marker, ...args] });
    onStarted(handle);
  }

  async #assertAddressesFree(index: number): Promise<void> {
    for (const { address, forWhat } of this.definition.listeners(index)) {
      await assertAddressFree(address, forWhat);
    }
  }

  async #untilReady(index: number, wholeGroup: boolean): Promise<void> {
    const isReady = () => this.#isReady(index, wholeGroup);
    await this.#handle(index).untilReady(isReady, READY_TIMEOUT_MS);
  }

  #isReady(index: number, wholeGroup: boolean): Promise<boolean> {
    return this.definition.isReady({ index, wholeGroup });
  }

  #handle(index: number): ProcessHandle {
    const handle = this.#handles[index];
    if (handle === undefined) {
      const count = this.#handles.length;
      throw new RangeError(
        `There is no ${this.definition.name} node ${index}, only 0 to ${count - 1}.`,
      );
    }
    return handle;
  }
}
