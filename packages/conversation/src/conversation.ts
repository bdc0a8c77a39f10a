import {
  chatDeadLetter,
  instantMessageIn,
  instantMessageOut,
  latestMessagesBlock,
  latestMessagesRequest,
} from '@chat-cluster/contract';
import { answer } from './answer.ts';
import { messageIdOf, readLatest, readSend } from './commands.ts';
import { decide } from './decide.ts';
import { decodeEvent, encodeEvent } from './events.ts';
import { evolve } from './evolve.ts';
import { initialState, stateSizeBytes } from './initial-state.ts';
import { decodeState, encodeState } from './state-codec.ts';

/**
 * The rules of a conversation, in the shape that the engine asks of an entity; an app binds the
 * two. All of it is pure.
 */
export const conversation = {
  type: 'conversation',
  inputs: {
    [instantMessageIn.name]: readSend,
    [latestMessagesRequest.name]: readLatest,
  },
  outputTopics: [instantMessageOut.name, latestMessagesBlock.name],
  deadLetterTopic: chatDeadLetter.name,
  initialState,
  decide,
  answer,
  evolve,
  encodeEvent,
  decodeEvent,
  encodeState,
  decodeState,
  stateSizeBytes,
  messageIdOf,
} as const;
