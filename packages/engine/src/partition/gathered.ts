import { type Deferred, deferred } from '@chat-cluster/kernel';

type Asked<Key, Answer> = { readonly key: Key; readonly answer: Deferred<Answer> };

/**
 * Questions that are asked in one go become one request, which is sent after all of them were asked: shards that come together are taken over side by side, step by step, and each step costs
 * as much for all of them as for one. If the request fails, all of them do.
 */
export class Gathered<Key, Answer> {
  readonly #request: (keys: readonly Key[]) => Promise<readonly Answer[]>;
  #asked: Asked<Key, Answer>[] = [];

  /** `request`: answers in the order asked. */
  constructor(request: (keys: readonly Key[]) => Promise<readonly Answer[]>) {
    this.#request = request;
  }

  ask(key: Key): Promise<Answer> {
    const answer = deferred<Answer>();
    this.#asked.push({ key, answer });
    if (this.#asked.length === 1) queueMicrotask(() => void this.#send());
    return answer.promise;
  }

  async #send(): Promise<void> {
    const asked = this.#asked;
    this.#asked = [];
    try {
      const answers = await this.#request(asked.map(({ key }) => key));
      asked.forEach(({ answer }, index) => answer.resolve(answers[index] as Answer));
    } catch (error) {
      for (const { answer } of asked) answer.reject(error);
    }
  }
}
