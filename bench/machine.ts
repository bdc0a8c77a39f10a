import { cpus, release, totalmem } from 'node:os';

/** What a figure was measured on. */
export type Machine = {
  readonly cpu: string | undefined;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly linux: string;
  readonly node: string;
};

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model,
    cores: processors.length,
    memoryBytes: totalmem(),
    linux: release(),
    node: process.version,
  };
}

export function machineLine({ cores, cpu, node }: Machine): string {
  return `${cores} cores of ${cpu}, Node ${node}`;
}
