/**
 * What reading and writing a message costs, beside the obvious alternatives. `node
 * packages/contract/src/codec.bench.ts`
 */
import { Bench } from 'tinybench';
import { z } from 'zod';
import { decodeConversationEvent, encodeConversationEvent } from './conversation-event.ts';
import { decodeInstantMessageIn } from './instant-message-in.ts';
import { encodeInstantMessageOut } from './instant-message-out.ts';
import { encodeUtf8 } from './utf8.ts';

const message = {
  conversationKey: 'conversation-000123',
  sender: 'bob',
  recipients: ['ann'],
  body: 'a body of a hundred characters '.padEnd(100, '.'),
};
const numbered = { ...message, conversationMsgSeq: 12_345 };
const event = { ...numbered, type: 'message' } as const;
const input = Buffer.from(JSON.stringify(message));
const eventBytes = encodeConversationEvent(event);
const outputText = JSON.stringify(numbered);
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The same limits; only that zod counts UTF-16 units. */
const schema = z.object({
  conversationKey: z.string().min(1).max(256),
  sender: z.string().min(1).max(256),
  recipients: z.array(z.string().min(1).max(256)).max(1_000),
  body: z.string().max(65_536),
  messageId: z.string().min(1).max(256).optional(),
});

const bench = new Bench({ time: 500 });
bench
  .add('message in: read', () => decodeInstantMessageIn(input))
  .add('message in: read by JSON.parse alone', () => JSON.parse(decoder.decode(input)) as unknown)
  .add('message in: read with zod', () =>
    schema.safeParse(JSON.parse(decoder.decode(input)) as unknown),
  )
  .add('message out: write', () => encodeInstantMessageOut(numbered))
  .add('event: write', () => encodeConversationEvent(event))
  .add('event: read', () => decodeConversationEvent(eventBytes))
  .add('bytes of a text: shared slab', () => encodeUtf8(outputText))
  .add('bytes of a text: TextEncoder.encode', () => encoder.encode(outputText));
await bench.run();
console.table(
  bench.tasks.map(({ name, result }) => ({
    name,
    µs: 'latency' in result ? Number((result.latency.p50 * 1_000).toFixed(2)) : undefined,
  })),
);
