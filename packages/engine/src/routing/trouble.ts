/** What keeps a call, in words, and who it is told of. */
export class Trouble {
  words: string;
  #who: string | undefined;

  constructor(words: string) {
    this.words = words;
  }

  learn(words: string, who?: string): void {
    this.words = words;
    this.#who = who;
  }

  /** What is told of a try before it ends; what an earlier one has told of the same owner says more, and stays. */
  expect(words: string, who: string): void {
    if (this.#who !== who) this.learn(words, who);
  }
}
