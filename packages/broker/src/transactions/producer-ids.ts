import type { SectionJournal, StateJournal } from '../state-journal/state-journal.ts';

/** Ids up to here, this one excluded, may have been given. */
type ProducerIdChange = { readonly reservedBelow: number };

/** How many ids one record reserves. A restart loses what was left of the block. */
const BLOCK_COUNT = 1_000;

/** Gives each producer an id that none had before it, whatever happens to the broker. */
export class ProducerIds {
  readonly #journal: SectionJournal<ProducerIdChange>;
  #next = 0;
  /** As the journal's last record has it. */
  #reservedBelow = 0;
  /** As far as that is durable. */
  #givableBelow = 0;
  #reserving: Promise<void> | undefined;

  /** Registers the journal's section `producer-ids`. */
  constructor(journal: StateJournal) {
    this.#journal = journal.section<ProducerIdChange>({
      name: 'producer-ids',
      replay: ({ reservedBelow }) => {
        this.#next = reservedBelow;
        this.#reservedBelow = reservedBelow;
        this.#givableBelow = reservedBelow;
      },
      snapshot: () => [{ reservedBelow: this.#reservedBelow }],
    });
  }

  /**
   * A new id, once its block is durable.
   *
   * @throws (rejects) JournalError
   */
  async next(): Promise<number> {
    while (this.#next >= this.#givableBelow) {
      this.#reserving ??= this.#reserve();
      await this.#reserving;
    }
    return this.#next++;
  }

  async #reserve(): Promise<void> {
    this.#reservedBelow += BLOCK_COUNT;
    try {
      await this.#journal.append({ reservedBelow: this.#reservedBelow });
      this.#givableBelow = this.#reservedBelow;
    } finally {
      this.#reserving = undefined;
    }
  }
}
