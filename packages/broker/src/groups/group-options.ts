/** The limits of groups, by Kafka's names where Kafka has one. */
export type GroupOptions = {
  /** `group.min.session.timeout.ms`: a shorter one is refused with INVALID_SESSION_TIMEOUT. */
  readonly sessionTimeoutMsMin: number;
  /** `group.max.session.timeout.ms`: a longer one is refused with INVALID_SESSION_TIMEOUT. */
  readonly sessionTimeoutMsMax: number;
  /** `group.initial.rebalance.delay.ms`: how long an empty group waits for more members. */
  readonly initialRebalanceDelayMs: number;
  /** `group.max.size`: one more member is refused with GROUP_MAX_SIZE_REACHED. */
  readonly memberCountMax: number;
  /** After this a new member whose first join is still parked is taken for gone. */
  readonly newMemberJoinTimeoutMs: number;
  /** How many groups there may be; a further one is refused with COORDINATOR_NOT_AVAILABLE. */
  readonly groupCountMax: number;
  /** `offset.metadata.max.bytes`: longer metadata is refused with OFFSET_METADATA_TOO_LARGE. */
  readonly offsetMetadataBytesMax: number;
  /** `offsets.retention.minutes`: how long offsets outlive their group's last member. */
  readonly offsetsRetentionMs: number;
  /** `offsets.retention.check.interval.ms`. */
  readonly expiryCheckIntervalMs: number;
};

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Kafka's defaults, but for a shorter initial delay: one machine's members arrive together. */
export const GROUP_DEFAULTS: GroupOptions = {
  sessionTimeoutMsMin: 6_000,
  sessionTimeoutMsMax: 30 * MINUTE_MS,
  initialRebalanceDelayMs: 100,
  memberCountMax: 5_000,
  newMemberJoinTimeoutMs: 5 * MINUTE_MS,
  groupCountMax: 100_000,
  offsetMetadataBytesMax: 4_096,
  offsetsRetentionMs: 7 * DAY_MS,
  expiryCheckIntervalMs: 10 * MINUTE_MS,
};
