/**
 * What the rules cost a message, from the input's bytes to the event's and the output's. `node
 * packages/conversation/src/conversation.bench.ts`
 */
import { Bench } from 'tinybench';
import { conversation } from './conversation.ts';

const body = 'a body of a hundred characters '.padEnd(100, '.');
const inputs = Array.from({ length: 1_000 }, (_, index) =>
  Buffer.from(
    JSON.stringify({ conversationKey: `c-${index}`, sender: 'bob', recipients: ['ann'], body }),
  ),
);
const identified = inputs.map((input, index) =>
  Buffer.from(`${input.toString().slice(0, -1)},"messageId":"0b5f2c7e-8a0d-4a49-9b1e-${index}"}`),
);

/** Conversations that have been going on for a while: windows and memories of ids are full. */
class Hall {
  readonly #states = inputs.map(() => conversation.initialState());
  #next = 0;

  /** Reads, decides, encodes and applies one message of the next conversation. */
  handle(values: readonly Uint8Array[], idSuffix = ''): number {
    const index = this.#next % inputs.length;
    this.#next += 1;
    const read = conversation.inputs['instant_message_in']!({ value: values[index]! });
    if (!read.ok || read.command.kind !== 'send') throw new Error('The bench sends messages.');
    const message = read.command.message;
    const messageId = message.messageId && `${message.messageId}${idSuffix}`;
    const state = this.#states[index]!;
    const command = { kind: 'send', message: { ...message, messageId } } as const;
    const decision = conversation.decide(state, command, { seqNext: state.messageCount });
    if (decision.kind !== 'decided') throw new Error('The bench sends what fits.');
    let sizeBytes = 0;
    for (const event of decision.events) {
      sizeBytes += conversation.encodeEvent(event).byteLength;
      this.#states[index] = conversation.evolve(state, event);
    }
    return sizeBytes + conversation.stateSizeBytes(state);
  }
}

const plain = new Hall();
const withIds = new Hall();
let idNext = 0;
const bench = new Bench({ time: 1_500, warmupTime: 1_000 });
bench
  .add('a message', () => plain.handle(inputs))
  .add('a message with an id', () => {
    idNext += 1;
    return withIds.handle(identified, String(idNext));
  });
await bench.run();
console.table(
  bench.tasks.map(({ name, result }) => ({
    name,
    'µs p50': 'latency' in result ? Number((result.latency.p50 * 1_000).toFixed(2)) : undefined,
    'µs mean': 'latency' in result ? Number((result.latency.mean * 1_000).toFixed(2)) : undefined,
  })),
);
