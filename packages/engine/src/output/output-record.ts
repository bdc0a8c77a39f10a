import type { OutgoingHeader, OutgoingRecord } from '@chat-cluster/log';
import { timeHeader } from './event-record.ts';

/** A record of an output topic: its header `time` is the input's, made when it is asked for, as an EventRecord's are. */
export class OutputRecord implements OutgoingRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
  readonly #timestampMs: number;

  constructor(options: { key: Uint8Array; value: Uint8Array | null; timestampMs: number }) {
    this.key = options.key;
    this.value = options.value;
    this.#timestampMs = options.timestampMs;
  }

  get headers(): readonly OutgoingHeader[] {
    return [timeHeader(this.#timestampMs)];
  }
}
