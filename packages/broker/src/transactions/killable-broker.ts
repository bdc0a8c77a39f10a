import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A broker in a process of its own, on a folder that outlives it. For tests. */
export class KillableBroker {
  readonly #dataDir: string;
  #child: ChildProcess | undefined;
  /** The same after each start; 0 before the first. */
  port = 0;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  async start(): Promise<void> {
    const child = fork(new URL('./killable-broker-child.ts', import.meta.url));
    this.#child = child;
    child.send({ dataDir: this.#dataDir, port: this.port });
    const [answer] = (await once(child, 'message')) as [{ port?: number; failure?: string }];
    if (answer.port === undefined) throw new Error(answer.failure);
    this.port = answer.port;
  }

  /** `kill -9`; resolved when the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
}
