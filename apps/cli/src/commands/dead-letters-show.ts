import { printable, timeText } from '@chat-cluster/kernel';
import { APPLICATION_OPTION, applicationOf, type Application, inputOf } from '../application.ts';
import { CLUSTER_OPTIONS, withCluster } from '../cluster-access.ts';
import type { Command } from '../command.ts';
import { deadLetterJson } from '../dead-letter-json.ts';
import { type DeadLetter, deadLetterAt } from '../dead-letter-reader.ts';
import { inputText, valueText } from '../value-text.ts';

export const deadLettersShow: Command = {
  name: 'dead-letters show',
  summary: 'show all of a refused record',
  operands: 'POSITION',
  details: `POSITION is PARTITION:OFFSET, as dead-letters list shows it.
`,
  options: { ...APPLICATION_OPTION, ...CLUSTER_OPTIONS },
  run: (given, context) => {
    const [position] = given.operands('POSITION');
    const application = applicationOf(given);
    return withCluster(given, context, async (cluster) => {
      const letter = await deadLetterAt(cluster, application, position);
      if (given.has('json')) return context.print(deadLetterJson(application, letter));
      for (const [name, text] of rows(application, letter)) {
        context.print(`${`${name}:`.padEnd(10)} ${text}`);
      }
    });
  },
};

function rows(
  application: Application,
  letter: DeadLetter,
): readonly (readonly [name: string, text: string])[] {
  const { position, timestampMs, code, reason, origin, truncated, key, value, headers } = letter;
  return [
    ['position', position],
    ['refused', `${timeText(timestampMs)}, as ${printable(code)}`],
    ['reason', printable(reason)],
    ['origin', printable(`${origin.topic} ${origin.partition}:${origin.offset}`)],
    ['sent', timeText(origin.timestampMs)],
    ...headers.map(
      (header) => ['header', `${printable(header.key)} = ${valueText(header.value)}`] as const,
    ),
    ['key', valueText(key)],
    ['value', inputText(inputOf(application, origin.topic), value)],
    ...(truncated === undefined ? [] : [['cut', `it had ${printable(truncated)} bytes`] as const]),
  ];
}
