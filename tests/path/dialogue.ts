import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

/** A Kafka client at a person's hand. */
export type DialogueClient = {
  /** One record without a key to partition 0, wherever its conversation is at home. */
  send(topic: string, value: string): Promise<void>;
  /** The values of all committed records of a topic, partition after partition, a newline after each. */
  read(topic: string): Promise<string>;
};

const BOB_IN =
  '{"conversationKey":"abc123","sender":"bob","recipients":["ann"],"body":"Hi there!"}';
const ANN_IN =
  '{"conversationKey":"abc123","sender":"ann","recipients":["bob"],"body":"Hi there!"}';
const BOB_OUT =
  '{"conversationKey":"abc123","sender":"bob","recipients":["ann"],"conversationMsgSeq":0,"body":"Hi there!"}\n';
const ANN_OUT =
  '{"conversationKey":"abc123","sender":"ann","recipients":["bob"],"conversationMsgSeq":1,"body":"Hi there!"}\n';
const LATEST = '{"conversationKey":"abc123","numMsgs":100}';
const BOBS_BLOCK = '{"conversationKey":"abc123","latestChatter":[["bob","Hi there!",0]]}\n';
const BLOCK =
  '{"conversationKey":"abc123","latestChatter":[["bob","Hi there!",0],["ann","Hi there!",1]]}\n';

/** What the README shows of it, line by line. */
export const shownInReadme = {
  sent: [BOB_IN, LATEST],
  answered: [BOB_OUT.trimEnd(), BOBS_BLOCK.trimEnd()],
} as const;

/** The dialogue that the README shows, on topics that nobody has used: every answer byte for byte. */
export async function holdDialogue(client: DialogueClient): Promise<void> {
  await client.send('instant_message_in', BOB_IN);
  await assertReads(client, 'instant_message_out', BOB_OUT);
  await client.send('latest_messages_request', LATEST);
  await assertReads(client, 'latest_messages_block', BOBS_BLOCK);
  await client.send('instant_message_in', ANN_IN);
  await assertReads(client, 'instant_message_out', BOB_OUT + ANN_OUT);
  await client.send('latest_messages_request', LATEST);
  await assertReads(client, 'latest_messages_block', BOBS_BLOCK + BLOCK);
}

/** After the first dialogue and a restart: nothing was lost, nothing came twice, and the conversation goes on. */
export async function goOnWithDialogue(client: DialogueClient): Promise<void> {
  await assertReads(client, 'instant_message_out', BOB_OUT + ANN_OUT);
  await client.send('latest_messages_request', LATEST);
  await assertReads(client, 'latest_messages_block', BOBS_BLOCK + BLOCK + BLOCK);
  await client.send('instant_message_in', BOB_IN.replace('Hi there!', 'Still there?'));
  const third = BOB_OUT.replace('Hi there!', 'Still there?').replace('Seq":0', 'Seq":2');
  await assertReads(client, 'instant_message_out', BOB_OUT + ANN_OUT + third);
}

const ANSWER_WAIT_MS = 30_000;
const POLL_MS = 100;

/** The topic holds exactly this, sooner or later. */
export async function assertReads(
  client: DialogueClient,
  topic: string,
  expected: string,
): Promise<void> {
  const deadlineMs = performance.now() + ANSWER_WAIT_MS;
  let found = await client.read(topic);
  while (found.length < expected.length && performance.now() < deadlineMs) {
    await delay(POLL_MS);
    found = await client.read(topic);
  }
  assert.equal(found, expected);
}
