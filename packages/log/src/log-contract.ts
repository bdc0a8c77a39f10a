import { after, before, describe, test } from 'node:test';
import { adminTests } from './contract/admin-contract.ts';
import { ContractCase } from './contract/contract-case.ts';
import type { ContractTest, LogContractCluster } from './contract/contract-cluster.ts';
import { fencingTests } from './contract/fencing-contract.ts';
import { fetchingTests } from './contract/fetching-contract.ts';
import { groupTests } from './contract/group-contract.ts';
import { handOverTests } from './contract/hand-over-contract.ts';
import { lostAnswerTests } from './contract/lost-answer-contract.ts';
import { producingTests } from './contract/producing-contract.ts';
import { readCommittedTests } from './contract/read-committed-contract.ts';
import { readRangeTests } from './contract/read-range-contract.ts';
import { transactionTests } from './contract/transaction-contract.ts';

export type { HeldTransaction, LogContractCluster } from './contract/contract-cluster.ts';

/**
 * The tests that every adapter of the `log` port has to pass: call it at the top level of a test file.
 *
 * Names of topics, groups and transactional ids are new for each test, so that it runs against a cluster that lives on. Nothing is asserted about speed;
 * a test that waits for what never comes fails after two minutes.
 *
 * @param subject `open` starts the cluster, or connects to it, once for all tests
 */
export function describeLogContract(subject: {
  readonly name: string;
  readonly open: () => Promise<LogContractCluster>;
  /** True when the cluster has `breakConnections`. */
  readonly canBreakConnections?: boolean;
}): void {
  describe(`${subject.name} keeps the contract of the log`, () => {
    let cluster: LogContractCluster | undefined;
    before(async () => {
      cluster = await subject.open();
    });
    after(() => cluster?.close());
    const contractTest: ContractTest = (name, body) => {
      test(name, { timeout: TEST_TIMEOUT_MS }, async () => {
        const contractCase = new ContractCase(cluster!);
        try {
          await body(contractCase);
        } finally {
          await contractCase.close();
        }
      });
    };
    describe('producing', () => producingTests(contractTest));
    describe('fetching', () => fetchingTests(contractTest));
    describe('read_committed', () => readCommittedTests(contractTest));
    describe('reading a range', () => readRangeTests(contractTest));
    describe('transactions', () => transactionTests(contractTest));
    describe('fencing', () => fencingTests(contractTest));
    describe('group members', () => groupTests(contractTest));
    describe('handing over', () => handOverTests(contractTest));
    describe('admin', () => adminTests(contractTest));
    if (subject.canBreakConnections === true) {
      describe('lost answers', () => lostAnswerTests(contractTest));
    }
  });
}

const TEST_TIMEOUT_MS = 120_000;
