import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A process of the benchmark. It is killed when the benchmark exits. */
export type Child = {
  readonly pid: number;
  /** Resolves with the first line of its output that the test accepts; rejects when it exits before. */
  line(accepts: (line: string) => boolean): Promise<string>;
  /** SIGTERM, then waits until it is gone. */
  stop(): Promise<void>;
  /** SIGKILL, likewise. */
  kill(): Promise<void>;
};

export function startChild(command: readonly string[], onLine?: (line: string) => void): Child {
  const [program = '', ...args] = command;
  const process_: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const endWithUs = (): void => void process_.kill('SIGKILL');
  process.once('exit', endWithUs);
  const waiting = new Set<(line: string) => void>();
  const exited = once(process_, 'exit');
  void exited.then(() => process.off('exit', endWithUs));
  if (process_.stdout !== null) {
    createInterface({ input: process_.stdout }).on('line', (line) => {
      onLine?.(line);
      for (const look of waiting) look(line);
    });
  }
  return {
    pid: process_.pid ?? 0,
    line: (accepts) =>
      new Promise((resolve, reject) => {
        const look = (line: string): void => {
          if (!accepts(line)) return;
          waiting.delete(look);
          resolve(line);
        };
        waiting.add(look);
        void exited.then(() => reject(new Error(`${command.join(' ')} has exited.`)));
      }),
    stop: async () => {
      process_.kill('SIGTERM');
      await exited;
    },
    kill: async () => {
      process_.kill('SIGKILL');
      await exited;
    },
  };
}
