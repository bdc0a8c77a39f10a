import { describeGroupsV5, leaveGroupV5, offsetCommitV9, offsetFetchV9 } from '@platformatic/kafka';
import {
  type CommittedOffset,
  type GroupDescription,
  LogError,
  type TopicPartition,
} from '@chat-cluster/log';
import { kafkaError } from '../connections/kafka-errors.ts';
import { readAssignment, readSubscription } from '../group/consumer-protocol.ts';
import { byTopic } from '../produce/by-topic.ts';
import { type AdminParts, askCoordinator } from './admin-parts.ts';

/** Consumer groups: their members, and the offsets that they committed. */
export class GroupAdmin {
  readonly #parts: AdminParts;

  constructor(parts: AdminParts) {
    this.#parts = parts;
  }

  async committedOffsets(options: {
    readonly groupId: string;
    readonly partitions: readonly TopicPartition[];
  }): Promise<readonly (CommittedOffset | undefined)[]> {
    const { groupId, partitions } = options;
    if (partitions.length === 0) return [];
    const topics = byTopic(partitions).map(([name, entries]) => ({
      name,
      partitionIndexes: entries.map(({ partition }) => partition),
    }));
    const answer = await askCoordinator(this.#parts, {
      kind: 'group',
      key: groupId,
      api: offsetFetchV9.api,
      args: [[{ groupId, memberId: null, memberEpoch: -1, topics }], REQUIRE_STABLE],
      codesOf: ({ groups }) =>
        groups.flatMap((group) => [group.errorCode, ...group.topics.flatMap(codesOfPartitions)]),
      what: `Reading the offsets of group ${groupId}`,
    });
    const offsets = new Map<string, CommittedOffset>();
    for (const { name, partitions: found } of answer.groups.flatMap((group) => group.topics)) {
      for (const { partitionIndex, committedOffset, metadata } of found) {
        if (committedOffset === NOT_COMMITTED) continue;
        const committed = { offset: Number(committedOffset), metadata: metadata ?? '' };
        offsets.set(`${name}/${partitionIndex}`, committed);
      }
    }
    return partitions.map(({ topic, partition }) => offsets.get(`${topic}/${partition}`));
  }

  async resetOffsets(options: {
    readonly groupId: string;
    readonly offsets: readonly (TopicPartition & {
      readonly offset: number;
      readonly metadata: string;
    })[];
  }): Promise<void> {
    const { groupId, offsets } = options;
    const topics = byTopic(offsets).map(([name, entries]) => ({
      name,
      partitions: entries.map(({ partition, offset, metadata }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: -1,
        committedMetadata: metadata,
      })),
    }));
    const answer = await askCoordinator(this.#parts, {
      kind: 'group',
      key: groupId,
      api: offsetCommitV9.api,
      args: [groupId, NO_GENERATION, NO_MEMBER, null, topics],
      codesOf: ({ topics: results }) => results.flatMap(codesOfPartitions),
      accepted: [kafkaError.unknownMemberId],
      what: `Resetting the offsets of group ${groupId}`,
    });
    if (answer.topics.flatMap(codesOfPartitions).includes(kafkaError.unknownMemberId)) {
      throw new LogError(
        'refused',
        `Group ${groupId} has members: stop them before its offsets are reset.`,
      );
    }
  }

  async describe(groupId: string): Promise<GroupDescription> {
    const answer = await askCoordinator(this.#parts, {
      kind: 'group',
      key: groupId,
      api: describeGroupsV5.api,
      args: [[groupId], false],
      codesOf: ({ groups }) => groups.map(({ errorCode }) => errorCode),
      what: `Describing group ${groupId}`,
    });
    const group = answer.groups[0];
    if (!group) return { state: 'Dead', members: [] };
    // In other states Kafka answers without metadata, and with assignments that are over.
    const isStable = group.groupState === 'Stable';
    const members = group.members.map((member) => ({
      memberId: member.memberId,
      clientHost: member.clientHost,
      userData: isStable ? readSubscription(member.memberMetadata).userData : NO_USER_DATA,
      partitions: isStable ? readAssignment(member.memberAssignment).partitions : [],
    }));
    return { state: group.groupState, members };
  }

  async removeMember(options: {
    readonly groupId: string;
    readonly memberId: string;
    readonly reason: string;
  }): Promise<void> {
    const { groupId, memberId, reason } = options;
    await askCoordinator(this.#parts, {
      kind: 'group',
      key: groupId,
      api: leaveGroupV5.api,
      args: [groupId, [{ memberId, groupInstanceId: null, reason }]],
      codesOf: ({ errorCode, members }) => [
        errorCode,
        ...members.map((member) => member.errorCode),
      ],
      accepted: [kafkaError.unknownMemberId], // it is gone already
      what: `Removing member ${memberId} from group ${groupId}`,
    });
  }
}

function codesOfPartitions(topic: {
  readonly partitions: readonly { readonly errorCode: number }[];
}): number[] {
  return topic.partitions.map(({ errorCode }) => errorCode);
}

const NO_USER_DATA = new Uint8Array(0);
const REQUIRE_STABLE = true;
const NOT_COMMITTED = -1n;
/** Commits without a membership, which a group with members refuses. */
const NO_GENERATION = -1;
const NO_MEMBER = '';
