import { after, before, describe } from 'node:test';
import { closeTests, concurrencyTests } from './contract/concurrency-contract.ts';
import { idTests, sizeTests } from './contract/ids-and-sizes-contract.ts';
import { readTests } from './contract/reads-contract.ts';
import { rowTests } from './contract/rows-contract.ts';
import { shardTests, snapshotTests } from './contract/snapshots-and-shards-contract.ts';
import type { Journal } from './journal.ts';

/**
 * What every journal must do, as tests of node:test. Each test has an entity type of its own, so
 * that all of them can share one store, and a store can be used for several runs.
 *
 * @param open opens one more journal on the same store, as another process would; the tests close it
 */
export function journalContract(name: string, open: () => Promise<Journal>): void {
  describe(`${name} keeps the journal's contract`, () => {
    let journal: Journal;
    before(async () => {
      journal = await open();
    });
    after(() => journal.close());
    rowTests(() => journal, open);
    readTests(() => journal);
    idTests(() => journal);
    sizeTests(() => journal);
    snapshotTests(() => journal);
    shardTests(() => journal);
    concurrencyTests(() => journal, open);
    closeTests(open);
  });
}
