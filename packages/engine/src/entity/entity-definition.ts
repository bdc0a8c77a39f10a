/**
 * What a developer writes to get a sharded, persistent entity. All functions are pure: no clock, no randomness, no I/O; time is the record's timestamp.
 * A rules' package has this shape without importing it; an app binds the two.
 */
export type EntityDefinition<State, Command, Event> = {
  /** Names the entity type, its event topic (`<type>_events`) and its rows in the journal: letters, digits, `-`, `_`; at most 64. */
  readonly type: string;
  /** Input topics by name, each with the reader of its records. All have the same number of partitions; the key of a record is the entity's id. */
  readonly inputs: Readonly<Record<string, InputReader<Command>>>;
  /** Topics that decisions may write to besides events and dead letters. */
  readonly outputTopics: readonly string[];
  readonly deadLetterTopic: string;
  readonly initialState: (entityId: string) => State;
  /** The state after the event. May change and return the state it was given. */
  readonly evolve: (state: State, event: Event) => State;
  /** Must not change the state. */
  readonly decide: (state: State, command: Command, context: DecideContext) => Decision<Event>;
  /** Answers a question about the entity. Must not change the state. Without it the entity answers none. */
  readonly answer?: (
    state: State,
    question: Uint8Array,
    context: AnswerContext,
  ) => EntityAnswer<Event>;
  /** JSON bytes; must not start with `{"$`, which marks the engine's own events. */
  readonly encodeEvent: (event: Event) => Uint8Array;
  /** Throws on bytes it does not know. */
  readonly decodeEvent: (bytes: Uint8Array) => Event;
  readonly encodeState: (state: State) => Uint8Array;
  readonly decodeState: (bytes: Uint8Array) => State;
  /** The id that a record's sender gave it, if records have such: people ask for a message by it. Must not throw. */
  readonly messageIdOf?: (topic: string, record: InputRecord) => string | undefined;
  /** Estimate of what a state holds in memory, for the cap on active entities. Called after each decision: keep it cheap. */
  readonly stateSizeBytes: (state: State) => number;
};

/** The part of a definition that builds states from events; it knows no commands. */
export type StateDefinition<State, Event> = Omit<
  EntityDefinition<State, never, Event>,
  'inputs' | 'decide'
>;

/** Reads one record: a command for an entity, or why not. Must not throw; what it throws anyway is a dead letter too. */
export type InputReader<Command> = (record: InputRecord) => ReadInput<Command>;

export type InputRecord = {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly timestampMs: number;
};

export type ReadInput<Command> =
  | { readonly ok: true; readonly entityId: string; readonly command: Command }
  | { readonly ok: false; readonly code: string; readonly reason: string };

export type DecideContext = {
  readonly entityId: string;
  /** The record's time, milliseconds since 1970. */
  readonly timestampMs: number;
  /** The seq that the first event of this decision will get: events 0 … seqNext - 1 have been applied to the state. */
  readonly seqNext: number;
};

/** A record for an output topic; its partition is the home of its key. */
export type Output = { readonly topic: string; readonly key: string; readonly value: Uint8Array };

/**
 * - decided: events in order, then outputs; `reply` is for whoever waits for this record's result (released when it has committed).
 * - refused: the record becomes a dead letter with this code and sentence; nothing else happens.
 * - history: asks for older events of this entity before it can decide: up to `countMax` events with seq < `seqBefore` (ascending, the newest of them, fewer only at the beginning);
 *   `resume` is called with them, must not look at the state (other inputs go on meanwhile), and its decision has no events.
 */
export type Decision<Event> =
  | {
      readonly kind: 'decided';
      readonly events: readonly Event[];
      readonly outputs: readonly Output[];
      readonly reply?: unknown;
      /** Counted under this label in the metrics (`duplicate`, say). */
      readonly counted?: string;
    }
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string }
  | {
      readonly kind: 'history';
      readonly seqBefore: number;
      readonly countMax: number;
      readonly resume: (events: readonly PastEvent<Event>[]) => Decision<Event>;
    };

export type AnswerContext = {
  readonly entityId: string;
  /** Events 0 … seqNext - 1 have been applied to the state. */
  readonly seqNext: number;
};

/**
 * Questions and answers are in the application's own encoding.
 * - refused: the question cannot be answered, however often it is asked; the sentence says why.
 * - history: as for a decision; `resume` must not look at the state.
 */
export type EntityAnswer<Event> =
  | { readonly kind: 'answer'; readonly bytes: Uint8Array }
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'history';
      readonly seqBefore: number;
      readonly countMax: number;
      readonly resume: (events: readonly PastEvent<Event>[]) => EntityAnswer<Event>;
    };

/** An event of the entity's own, from its history. */
export type PastEvent<Event> = { readonly seq: number; readonly event: Event };
