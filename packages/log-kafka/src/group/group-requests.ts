import { heartbeatV4, joinGroupV9, leaveGroupV5, syncGroupV5 } from '@platformatic/kafka';
import type { Generation } from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import type { BrokerConnection } from '../connections/broker-connection.ts';
import { BrokerConnections } from '../connections/broker-connections.ts';
import type { Cluster } from '../connections/cluster.ts';
import { isCoordinatorMoving } from '../connections/kafka-errors.ts';

export type JoinRequest = {
  /** Empty for a new member. */
  readonly memberId: string;
  readonly metadata: Buffer;
};

export type JoinAnswer = {
  readonly errorCode: number;
  readonly memberId: string;
  readonly generationId: number;
  readonly leaderId: string;
  /** All members, for the leader only. */
  readonly members: readonly { readonly memberId: string; readonly metadata: Buffer }[];
};

export type SyncRequest = {
  readonly generation: Generation;
  /** By the leader only. */
  readonly assignments: { memberId: string; assignment: Buffer }[];
};

/** What a member sends to its group's coordinator. Every call rejects with `unavailable` when its answer is lost. */
export type GroupRequests = {
  join(request: JoinRequest): Promise<JoinAnswer>;
  sync(
    request: SyncRequest,
  ): Promise<{ readonly errorCode: number; readonly assignment: Uint8Array }>;
  /** @returns the error code */
  heartbeat(generation: Generation): Promise<number>;
  /** @returns the error code */
  leave(memberId: string, reason: string): Promise<number>;
  /** A JoinGroup or SyncGroup under way fails. */
  dropJoin(): void;
  /** Requests under way fail. Idempotent. */
  close(): Promise<void>;
};

export type GroupRequestOptions = {
  readonly groupId: string;
  readonly protocolName: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
};

/**
 * The requests on real connections: JoinGroup and SyncGroup, which the coordinator parks while the group waits for
 * others, have one of their own, so that heartbeats go on beside them.
 */
export class KafkaGroupRequests implements GroupRequests {
  readonly #cluster: Cluster;
  readonly #options: GroupRequestOptions;
  readonly #joining: BrokerConnections;
  readonly #beating: BrokerConnections;

  constructor(
    from: { readonly context: AdapterContext; readonly cluster: Cluster },
    options: GroupRequestOptions,
  ) {
    const { settings, report } = from.context;
    this.#cluster = from.cluster;
    this.#options = options;
    const parkedMs = options.rebalanceTimeoutMs + PARKED_GRACE_MS;
    this.#joining = new BrokerConnections({ ...settings, requestTimeoutMs: parkedMs }, report);
    // Three may fail within a session before it is over.
    const beatMs = Math.min(settings.requestTimeoutMs, Math.ceil(options.sessionTimeoutMs / 3));
    this.#beating = new BrokerConnections({ ...settings, requestTimeoutMs: beatMs }, report);
  }

  join({ memberId, metadata }: JoinRequest): Promise<JoinAnswer> {
    const { groupId, sessionTimeoutMs, rebalanceTimeoutMs, protocolName } = this.#options;
    return this.#ask(this.#joining, async (connection) => {
      const answer = await connection.call(
        joinGroupV9.api,
        groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId,
        NO_INSTANCE_ID,
        PROTOCOL_TYPE,
        [{ name: protocolName, metadata }],
        NO_REASON,
      );
      const members = answer.members.map((member) => ({
        memberId: member.memberId,
        metadata: member.metadata ?? Buffer.alloc(0),
      }));
      return { ...answer, leaderId: answer.leader, memberId: answer.memberId ?? '', members };
    });
  }

  sync({ generation, assignments }: SyncRequest) {
    const { groupId, protocolName } = this.#options;
    return this.#ask(this.#joining, (connection) =>
      connection.call(
        syncGroupV5.api,
        groupId,
        generation.generationId,
        generation.memberId,
        NO_INSTANCE_ID,
        PROTOCOL_TYPE,
        protocolName,
        assignments,
      ),
    );
  }

  async heartbeat({ generationId, memberId }: Generation): Promise<number> {
    const { groupId } = this.#options;
    const answer = await this.#ask(this.#beating, (connection) =>
      connection.call(heartbeatV4.api, groupId, generationId, memberId, NO_INSTANCE_ID),
    );
    return answer.errorCode;
  }

  async leave(memberId: string, reason: string): Promise<number> {
    const member = { memberId, groupInstanceId: NO_INSTANCE_ID, reason };
    const answer = await this.#ask(this.#beating, (connection) =>
      connection.call(leaveGroupV5.api, this.#options.groupId, [member]),
    );
    return answer.errorCode || (answer.members[0]?.errorCode ?? 0);
  }

  dropJoin(): void {
    void this.#joining.drop();
  }

  async close(): Promise<void> {
    await Promise.all([this.#joining.close(), this.#beating.close()]);
  }

  /** Whatever goes wrong with the coordinator, the next request looks for it again. */
  async #ask<Answer extends { readonly errorCode: number }>(
    connections: BrokerConnections,
    send: (connection: BrokerConnection) => Promise<Answer>,
  ): Promise<Answer> {
    const { groupId } = this.#options;
    const node = await this.#cluster.coordinatorOf('group', groupId);
    try {
      const answer = await send(await connections.get(node));
      if (isCoordinatorMoving(answer.errorCode)) this.#cluster.forgetCoordinator('group', groupId);
      return answer;
    } catch (error) {
      this.#cluster.forgetCoordinator('group', groupId);
      throw error;
    }
  }
}

/** Beyond the rebalance time-out, before a JoinGroup or SyncGroup counts as lost. */
const PARKED_GRACE_MS = 5_000;
const PROTOCOL_TYPE = 'consumer';
const NO_INSTANCE_ID = null;
const NO_REASON = null;
