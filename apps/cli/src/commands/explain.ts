import { type Address, readAddresses } from '@chat-cluster/app-chat-node/settings';
import type { Explained } from '@chat-cluster/engine';
import { printable } from '@chat-cluster/kernel';
import { type Command, type CommandContext, CommandFailure, UsageError } from '../command.ts';
import type { Given } from '../given.ts';
import { TIMEOUT_OPTION, timeoutMsOf } from '../timeout-option.ts';

const MANAGEMENT_DEFAULT = '127.0.0.1:8551';

export const explain: Command = {
  name: 'explain',
  summary: 'tell what became of a record or a message',
  operands: '[TOPIC POSITION]',
  details: `POSITION is PARTITION:OFFSET. Any node of the cluster tells: whether the record was forwarded, the events, outputs
or the dead letter it led to and where they are, and whether the journal has them.

  chatcluster explain instant_message_in 3:120
  chatcluster explain --message-id 7f3a --entity abc123
`,
  options: {
    'message-id': { value: 'ID', description: 'the id that the sender gave the message' },
    entity: { value: 'KEY', description: 'its conversation: reads one partition, not all' },
    management: {
      value: 'HOST:PORT',
      description: `where a node answers operators (${MANAGEMENT_DEFAULT})`,
    },
    ...TIMEOUT_OPTION,
    json: { description: 'print JSON lines, for programs' },
  },
  run: async (given, context) => {
    const question = questionOf(given);
    const management = managementOf(given);
    const timeoutMs = timeoutMsOf(given);
    question.set('timeoutMs', `${timeoutMs}`);
    const { explanations, searched } = await ask(context, { management, question, timeoutMs });
    if (explanations.length === 0) {
      throw new CommandFailure(searched ?? 'No record with this message id was found.');
    }
    if (searched !== undefined) context.note(searched);
    for (const [index, explanation] of explanations.entries()) {
      if (given.has('json')) {
        context.print(JSON.stringify(explanation));
        continue;
      }
      if (index > 0) context.print('');
      for (const sentence of explanation.sentences) context.print(printable(sentence));
    }
  },
};

function questionOf(given: Given): URLSearchParams {
  const messageId = given.text('message-id');
  const entityId = given.text('entity');
  if (messageId !== undefined) {
    given.operands();
    return new URLSearchParams({ messageId, ...(entityId !== undefined && { entityId }) });
  }
  const [topic, position] = given.operands('TOPIC', 'POSITION');
  const [, partition, offset] = /^(\d{1,9}):(\d{1,15})$/.exec(position) ?? [];
  if (partition === undefined || offset === undefined) {
    throw new UsageError(`"${position}" is no position; it must be PARTITION:OFFSET.`);
  }
  return new URLSearchParams({ topic, partition, offset });
}

function managementOf(given: Given): Address {
  const text = given.text('management') ?? MANAGEMENT_DEFAULT;
  const [address, ...others] = readAddresses(text) ?? [];
  if (address !== undefined && others.length === 0) return address;
  throw new UsageError(`--management is "${text}"; it must be HOST:PORT.`);
}

/** What a node answers. */
type Answered = Pick<Explained, 'explanations' | 'searched'>;

async function ask(
  { env, signal }: CommandContext,
  options: {
    readonly management: Address;
    readonly question: URLSearchParams;
    readonly timeoutMs: number;
  },
): Promise<Answered> {
  const { host, port } = options.management;
  const where = `${host}:${port}`;
  let answer: unknown;
  try {
    const token = env['CHATCLUSTER_MANAGEMENT_TOKEN'];
    const response = await fetch(`http://${where}/explain?${options.question.toString()}`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]),
      headers: token ? { authorization: `Bearer ${token}` } : {},
    });
    answer = await response.json();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      throw new CommandFailure(
        `The node at ${where} has found nothing within ${options.timeoutMs / 1_000} s: wait for longer with --timeout, or name the conversation with --entity.`,
        { cause: error },
      );
    }
    throw new CommandFailure(
      `No node answered at ${where}: start one, or name another one's management port with --management.`,
      { cause: error },
    );
  }
  if (isExplained(answer)) return answer;
  const why = (answer as { readonly error?: unknown } | null)?.error;
  throw new CommandFailure(
    typeof why === 'string' ? why : `What ${where} answered is no explanation: is it a node?`,
  );
}

function isExplained(answer: unknown): answer is Answered {
  return typeof answer === 'object' && answer !== null && 'explanations' in answer;
}
