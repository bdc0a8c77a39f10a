import { JournalError } from '@chat-cluster/journal';
import type { OptionNames } from './option-names.ts';
import type { Replication } from './schema.ts';

/** Replicas of a keyspace that is made, unless the data center has fewer nodes. */
const REPLICAS_MAX = 3;

/** @param found the data center of each node */
export function onlyDataCenter(found: readonly string[], names: OptionNames): string {
  const [name, ...others] = new Set(found);
  if (name !== undefined && others.length === 0) return name;
  throw new JournalError(
    'refused',
    `Cassandra has the data centers ${[name, ...others].join(', ')}. ` +
      `Set ${names.localDataCenter} to the one that requests go to, the same for all nodes.`,
  );
}

/**
 * Of a keyspace that is made.
 *
 * @param options.found the data center of each node
 * @param options.asked by data center, or of the local one
 */
export function replicationOf(options: {
  readonly found: readonly string[];
  readonly local: string;
  readonly asked: number | Readonly<Record<string, number>> | undefined;
  readonly names: OptionNames;
}): Replication {
  const { asked, found, local, names } = options;
  const nodeCount = found.filter((name) => name === local).length;
  const { [local]: localCount, ...others } =
    typeof asked === 'object'
      ? asked
      : { [local]: asked ?? Math.max(1, Math.min(REPLICAS_MAX, nodeCount)) };
  if (localCount === undefined) {
    throw new JournalError(
      'refused',
      `The local data center ${local} would have no replica. ` +
        `Name it in ${names.replication}, or another one as ${names.localDataCenter}.`,
    );
  }
  return { class: 'NetworkTopologyStrategy', [local]: localCount, ...others };
}
