import { assert, type Cancel } from '@chat-cluster/kernel';
import type { InitialWait } from './initial-wait.ts';

/**
 * Where a group is in its life, with what only that phase owns. `docs/groups.md` has the table of
 * phases and events.
 */
export type GroupPhase =
  | { readonly name: 'Empty' }
  | {
      readonly name: 'PreparingRebalance';
      /** Of a group that was empty: newcomers are waited for, whoever has joined already. */
      readonly initialWait: InitialWait | undefined;
      cancelTimer: Cancel;
    }
  | {
      readonly name: 'CompletingRebalance';
      readonly cancelTimer: Cancel;
      /** Ids of the members that joined this generation and have not sent SyncGroup yet. */
      readonly awaitedSyncs: Set<string>;
      /** Whether the leader's assignment is on its way to the disk. */
      isStoring: boolean;
    }
  | {
      readonly name: 'Stable';
      readonly cancelTimer: Cancel;
      readonly awaitedSyncs: Set<string>;
    }
  | { readonly name: 'Dead' };

/** Kafka's names of the phases, as DescribeGroups and ListGroups give them. */
export type GroupPhaseName = GroupPhase['name'];

/** Where each phase may lead. A restart enters Stable from Empty. */
const GROUP_TRANSITIONS: Readonly<Record<GroupPhaseName, readonly GroupPhaseName[]>> = {
  Empty: ['PreparingRebalance', 'Stable', 'Dead'],
  PreparingRebalance: ['Empty', 'CompletingRebalance'],
  CompletingRebalance: ['PreparingRebalance', 'Stable'],
  Stable: ['PreparingRebalance'],
  Dead: [],
};

/** Asserts that the table allows this step. */
export function assertTransition(from: GroupPhaseName, to: GroupPhaseName): void {
  assert(GROUP_TRANSITIONS[from].includes(to), 'A group changes phase as its table allows.');
}
