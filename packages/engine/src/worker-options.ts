import type { Journal } from '@chat-cluster/journal';
import type { Clock, Timers } from '@chat-cluster/kernel';
import type { Log } from '@chat-cluster/log';
import type { EngineLimits } from './engine-limits.ts';
import type { EntityDefinition } from './entity/entity-definition.ts';
import type { FormerOwners } from './hand-over/former-owners.ts';
import type { Report } from './management/report.ts';
import type { WorkerIdentity } from './partition/worker-identity.ts';
import type { MapMember } from './routing/shard-map.ts';
import type { RecordPosition } from './shard/shard-context.ts';

export type WorkerOptions<State, Command, Event> = {
  readonly definition: EntityDefinition<State, Command, Event>;
  /** The consumer group: the workers of one group share the shards. */
  readonly groupId: string;
  readonly identity: WorkerIdentity;
  readonly log: Log;
  readonly journal: Journal;
  /** Co-partitioned with the inputs; consumed before them. */
  readonly controlTopic: string;
  readonly quarantineTopic: string;
  /** Default: `<entity type>_events`. */
  readonly eventTopic?: string;
  readonly limits?: Partial<EngineLimits>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly report: Report;
  /** Whether the member lives, as far as anybody can tell: one of this worker's name that does not is removed from the group. Default: none does. */
  readonly isAlive?: (member: MapMember) => Promise<boolean>;
  /** Gives what former owners of shards that come here kept of them. Default: all is read from the journal. */
  readonly formerOwners?: FormerOwners;
  /** Results of records, once committed. */
  readonly onReply?: (position: RecordPosition, reply: unknown) => void;
  /** The worker has stopped for good (fenced twice, left by an error): the process should exit. */
  readonly onFatal: (error: Error) => void;
};
