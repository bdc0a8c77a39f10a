import { printable, timeText } from '@chat-cluster/kernel';
import { APPLICATION_OPTION, applicationOf } from '../application.ts';
import { CLUSTER_OPTIONS, withCluster } from '../cluster-access.ts';
import type { Command } from '../command.ts';
import { deadLetterJson } from '../dead-letter-json.ts';
import { newestDeadLetters } from '../dead-letter-reader.ts';

const COUNT_DEFAULT = 50;
const COUNT_MAX = 10_000;

export const deadLettersList: Command = {
  name: 'dead-letters list',
  summary: 'show refused records, and why they were refused',
  operands: '',
  details: `The newest come last. Each begins with its position, by which show and resend know it.
`,
  options: {
    number: { short: 'n', value: 'N', description: `the newest N (${COUNT_DEFAULT})` },
    ...APPLICATION_OPTION,
    ...CLUSTER_OPTIONS,
  },
  run: (given, context) => {
    given.operands();
    const application = applicationOf(given);
    const countMax = given.number('number', { min: 1, max: COUNT_MAX, otherwise: COUNT_DEFAULT });
    return withCluster(given, context, async (cluster) => {
      const letters = await newestDeadLetters(cluster, application, countMax);
      for (const letter of letters) {
        if (given.has('json')) {
          context.print(deadLetterJson(application, letter));
          continue;
        }
        const { position, timestampMs, origin, reason } = letter;
        const where = `${origin.topic} ${origin.partition}:${origin.offset}`;
        context.print(
          `${position}  ${timeText(timestampMs)}  ${printable(where)}  ${printable(reason)}`,
        );
      }
      if (letters.length === 0) context.note('There are no dead letters.');
    });
  },
};
