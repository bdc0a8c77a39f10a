/** What requests of one API came to, since the broker started. */
export type RequestCounts = {
  requests: number;
  requestBytes: number;
  responseBytes: number;
  /** From when a request was read until its answer was there to be sent. */
  responseSeconds: number;
};

/** Counts requests by API. */
export class RequestCounters {
  readonly #byApi = new Map<string, RequestCounts>();

  /** Those of one API, to be added to. */
  of(api: string): RequestCounts {
    const known = this.#byApi.get(api);
    if (known !== undefined) return known;
    const counts = { requests: 0, requestBytes: 0, responseBytes: 0, responseSeconds: 0 };
    this.#byApi.set(api, counts);
    return counts;
  }

  /** APIs that have been asked for, in the order of their first request. */
  all(): IterableIterator<[api: string, counts: Readonly<RequestCounts>]> {
    return this.#byApi.entries();
  }
}
