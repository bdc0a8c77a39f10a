import {
  USER_PROCESSING,
  userEvents,
  userEventsDeadLetter,
} from '@chat-cluster/contract/purchases';
import { answer } from './answer.ts';
import { readPurchase } from './commands.ts';
import { decide } from './decide.ts';
import { decodeEvent, encodeEvent } from './events.ts';
import { evolve } from './evolve.ts';
import { initialState, stateSizeBytes } from './initial-state.ts';
import { decodeState, encodeState } from './state-codec.ts';

/**
 * The rules of a user's purchases, in the shape that the engine asks of an entity; an app binds the
 * two. All of it is pure.
 */
export const purchases = {
  type: USER_PROCESSING,
  inputs: { [userEvents.name]: readPurchase },
  outputTopics: [],
  deadLetterTopic: userEventsDeadLetter.name,
  initialState,
  decide,
  evolve,
  answer,
  encodeEvent,
  decodeEvent,
  encodeState,
  decodeState,
  stateSizeBytes,
} as const;
