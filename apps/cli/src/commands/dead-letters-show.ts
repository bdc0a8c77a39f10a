import { printable, timeText } from '@chat-cluster/kernel';
import { CLUSTER_OPTIONS, withCluster } from '../cluster-access.ts';
import type { Command } from '../command.ts';
import { deadLetterJson } from '../dead-letter-json.ts';
import { type DeadLetter, deadLetterAt } from '../dead-letter-reader.ts';
import { jsonOf } from '../record-text.ts';

export const deadLettersShow: Command = {
  name: 'dead-letters show',
  summary: 'show all of a refused record',
  operands: 'POSITION',
  details: `POSITION is PARTITION:OFFSET, as dead-letters list shows it.
`,
  options: CLUSTER_OPTIONS,
  run: (given, context) => {
    const [position] = given.operands('POSITION');
    return withCluster(given, context, async (cluster) => {
      const letter = await deadLetterAt(cluster, position);
      if (given.has('json')) return context.print(deadLetterJson(letter));
      for (const [name, text] of rows(letter)) context.print(`${`${name}:`.padEnd(10)} ${text}`);
    });
  },
};

function rows(letter: DeadLetter): readonly (readonly [name: string, text: string])[] {
  const { position, timestampMs, code, reason, origin, truncated, key, value, headers } = letter;
  return [
    ['position', position],
    ['refused', `${timeText(timestampMs)}, as ${printable(code)}`],
    ['reason', printable(reason)],
    ['origin', printable(`${origin.topic} ${origin.partition}:${origin.offset}`)],
    ['sent', timeText(origin.timestampMs)],
    ...headers.map(
      (header) => ['header', `${printable(header.key)} = ${shown(header.value)}`] as const,
    ),
    ['key', shown(key)],
    ['value', shown(value)],
    ...(truncated === undefined ? [] : [['cut', `it had ${printable(truncated)} bytes`] as const]),
  ];
}

function shown(bytes: Uint8Array | null): string {
  const json = jsonOf(bytes);
  if (json === null) return '(none)';
  return typeof json === 'string' ? printable(json) : `(not UTF-8) base64 ${json.base64}`;
}
