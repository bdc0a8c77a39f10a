import { describeMachine, machineLine } from '../machine.ts';
import { writeResult } from '../write-result.ts';
import type { Latency } from './paced.ts';

export type Throughput = {
  /** From the first output until the last message was out and, with a journal, in it. */
  readonly perSecond: number;
  readonly perSecondSecondHalf: number;
  /** By process. */
  readonly cpuMicrosPerMessage: Readonly<Record<string, number>>;
  readonly cpuMicrosPerMessageSecondHalf: Readonly<Record<string, number>>;
  /** By process, and in it by what threads are for. */
  readonly cpuMicrosByThreadSecondHalf: Readonly<Record<string, Readonly<Record<string, number>>>>;
};

export type ChatRun = Throughput & {
  readonly memory: { readonly peak: number; readonly anonymous: number };
  /** In → out, read_committed. */
  readonly latency: Latency;
  /** In → journal; an upper bound of its bucket. */
  readonly journalDelayP99Ms: number;
};

export type BareRun = Throughput & { readonly latency: Latency };

export type ChatReport = {
  readonly backend: 'embedded' | 'cluster';
  readonly messageCount: number;
  readonly conversationCount: number;
  readonly pacedSeconds: number;
  readonly ratePerSecond: number;
  readonly node: ChatRun;
  readonly bare: BareRun;
};

const MIB = 1024 * 1024;

/** Keeps `chat-<backend>-<messages>-<conversations>`. */
export function writeReport(report: ChatReport): void {
  const machine = describeMachine();
  const name = `chat-${report.backend}-${report.messageCount}-${report.conversationCount}`;
  writeResult(name, { machine, ...report }, tableOf(report, machineLine(machine)));
}

function tableOf(report: ChatReport, machine: string): string {
  const { node, bare } = report;
  const rows: [string, string, string][] = [
    ['messages/s', count(node.perSecond), count(bare.perSecond)],
    ['messages/s, second half', count(node.perSecondSecondHalf), count(bare.perSecondSecondHalf)],
    [
      'ratio to the bare loop, second half',
      (node.perSecondSecondHalf / bare.perSecondSecondHalf).toFixed(2),
      '1',
    ],
    [
      'CPU per message, all processes',
      cpu(node.cpuMicrosPerMessage),
      cpu(bare.cpuMicrosPerMessage),
    ],
    [
      'the same, second half',
      cpu(node.cpuMicrosPerMessageSecondHalf),
      cpu(bare.cpuMicrosPerMessageSecondHalf),
    ],
    ...threadRows(node, bare),
    ['peak resident memory of the node', `${Math.round(node.memory.peak / MIB)} MiB`, ''],
    [
      'of it its own, not pages of files (at the end)',
      `${Math.round(node.memory.anonymous / MIB)} MiB`,
      '',
    ],
    ['in → out at the paced rate: p50', ms(node.latency.p50), ms(bare.latency.p50)],
    ['p99', ms(node.latency.p99), ms(bare.latency.p99)],
    ['most', ms(node.latency.max), ms(bare.latency.max)],
    ['in → journal at the paced rate: p99', `≤ ${ms(node.journalDelayP99Ms)}`, ''],
  ];
  return [
    `# Chat, ${report.backend}: ${report.messageCount} messages in ${report.conversationCount} conversations`,
    '',
    `${machine}. Paced: ${report.ratePerSecond} messages/s for ${report.pacedSeconds} s. The bare loop consumes, transforms and produces the same records in transactions, without storage, in the same run.`,
    '',
    '| | chat node | bare loop |',
    '| --- | --- | --- |',
    ...rows.map(([name, ours, theirs]) => `| ${name} | ${ours} | ${theirs} |`),
    '',
  ].join('\n');
}

/** Where each process spends its time. */
function threadRows(node: ChatRun, bare: BareRun): [string, string, string][] {
  const names = new Set(
    [node, bare].flatMap((run) => Object.keys(run.cpuMicrosByThreadSecondHalf)),
  );
  return [...names].map((name) => [`of it ${name}, µs`, threads(node, name), threads(bare, name)]);
}

/** What is less than a tenth of a microsecond does not matter. */
function threads(run: Throughput, name: string): string {
  return Object.entries(run.cpuMicrosByThreadSecondHalf[name] ?? {})
    .filter(([, micros]) => micros >= 0.1)
    .map(([kind, micros]) => `${kind} ${micros.toFixed(1)}`)
    .join(', ');
}

function cpu(microsPerMessage: Readonly<Record<string, number>>): string {
  const all = Object.values(microsPerMessage).reduce((sum, micros) => sum + micros, 0);
  const parts = Object.entries(microsPerMessage).map(
    ([name, micros]) => `${name} ${micros.toFixed(1)}`,
  );
  return `${all.toFixed(1)} µs (${parts.join(', ')})`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
