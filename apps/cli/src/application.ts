import type { Options } from '@chat-cluster/app-chat-node/settings';
import {
  chatDeadLetter,
  type ConversationControl,
  conversationControl,
  type ConversationQuarantine,
  conversationQuarantine,
  instantMessageIn,
  latestMessagesRequest,
  type Topic,
  type TopicSpec,
} from '@chat-cluster/contract';
import {
  userEvents,
  userEventsDeadLetter,
  userProcessingControl,
  userProcessingQuarantine,
} from '@chat-cluster/contract/purchases';
import { UsageError } from './command.ts';
import type { Given } from './given.ts';

/** An application on the engine, as an operator deals with what it refused or put aside. */
export type Application = {
  /** As `--application` takes it. */
  readonly name: string;
  /** What one of its entities is called. */
  readonly entity: 'conversation' | 'user';
  readonly inputs: readonly ApplicationInput[];
  readonly deadLetter: TopicSpec;
  readonly control: Topic<ConversationControl>;
  readonly quarantine: Topic<ConversationQuarantine>;
};

/** A topic that the application decides on. */
export type ApplicationInput = {
  readonly topic: string;
  /** What names the entity in a value. */
  readonly key: TopicSpec['key'];
  /** Its values are no text: shown in base64, and given in files. */
  readonly isBinary: boolean;
  /** What a value says and whose it is, or a sentence about why the contract refuses it. */
  readonly read: (value: Uint8Array | null) => ReadValue;
};

export type ReadValue =
  | { readonly ok: true; readonly entityId: string; readonly value: object }
  | { readonly ok: false; readonly reason: string };

/** Of the commands that deal with dead letters and quarantines. */
export const APPLICATION_OPTION = {
  application: { value: 'NAME', description: 'whose: chat or purchases (chat)' },
} as const satisfies Options;

/** Throws a UsageError for one that there is not. */
export function applicationOf(given: Given): Application {
  const name = given.text('application') ?? chat.name;
  const found = applications.find((application) => application.name === name);
  if (found !== undefined) return found;
  const names = applications.map((application) => application.name).join(' or ');
  throw new UsageError(`There is no application "${name}"; --application is ${names}.`);
}

/** What the application decides on that topic; undefined if it does not. */
export function inputOf(application: Application, topic: string): ApplicationInput | undefined {
  return application.inputs.find((each) => each.topic === topic);
}

/** The words that follow a command's own, so that it means the same application. */
export function optionText({ name }: Application): string {
  return name === chat.name ? '' : ` --application ${name}`;
}

function input<Value extends object>(
  topic: Topic<Value>,
  entityIdOf: (value: Value) => string,
  { isBinary = false } = {},
): ApplicationInput {
  const read = (bytes: Uint8Array | null): ReadValue => {
    const decoded = topic.decode(bytes);
    if (!decoded.ok) return { ok: false, reason: decoded.reason };
    return { ok: true, entityId: entityIdOf(decoded.value), value: decoded.value };
  };
  return { topic: topic.name, key: topic.key, isBinary, read };
}

const chat: Application = {
  name: 'chat',
  entity: 'conversation',
  inputs: [
    input(instantMessageIn, ({ conversationKey }) => conversationKey),
    input(latestMessagesRequest, ({ conversationKey }) => conversationKey),
    input(conversationControl, ({ entityId }) => entityId),
  ],
  deadLetter: chatDeadLetter,
  control: conversationControl,
  quarantine: conversationQuarantine,
};

const purchases: Application = {
  name: 'purchases',
  entity: 'user',
  inputs: [
    input(userEvents, ({ userId }) => userId, { isBinary: true }),
    input(userProcessingControl, ({ entityId }) => entityId),
  ],
  deadLetter: userEventsDeadLetter,
  control: userProcessingControl,
  quarantine: userProcessingQuarantine,
};

const applications: readonly Application[] = [chat, purchases];
