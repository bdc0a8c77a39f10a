import type { ErrorCode } from '../wire/error-codes.ts';

/** A way to share out the work that a member offers, with what the leader must know for it. */
export type MemberProtocol = { readonly name: string; readonly metadata: Uint8Array };

/** Who a request says it comes from. The member id is '' before one was given. */
export type MemberIdentity = {
  readonly memberId: string;
  /** The name of a static member (KIP-345), null for a dynamic one. */
  readonly groupInstanceId: string | null;
};

/** A member and the generation it believes to be in. */
export type GenerationIdentity = MemberIdentity & { readonly generationId: number };

/** A request to take part in the next generation. */
export type JoinRequest = MemberIdentity & {
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  /** How long a rebalance waits for this member. */
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  /** In the order of preference. */
  readonly protocols: readonly MemberProtocol[];
  /** Whether a new dynamic member must come again with the id it is given (KIP-394; v4 and later). */
  readonly requiresMemberId: boolean;
  /** Whether the client understands a leader that keeps the present assignment (KIP-814; v9). */
  readonly canSkipAssignment: boolean;
};

export type JoinResponse = {
  readonly errorCode: ErrorCode;
  /** -1 with an error. */
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly memberId: string;
  readonly skipAssignment: boolean;
  /** Everybody, with what the chosen protocol says of them, for the leader; [] for all others. */
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly metadata: Uint8Array;
  }[];
};

/** A request for the assignment of a generation; the leader's brings everybody's. */
export type SyncRequest = GenerationIdentity & {
  /** Null before v5. */
  readonly protocolType: string | null;
  /** Null before v5. */
  readonly protocolName: string | null;
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[];
};

export type SyncResponse = {
  readonly errorCode: ErrorCode;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Uint8Array;
};

export const NO_BYTES = new Uint8Array(0);

/** The answer to a join that failed. */
export function joinFailed(errorCode: ErrorCode, memberId: string): JoinResponse {
  return {
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    memberId,
    skipAssignment: false,
    members: [],
  };
}

/** The answer to a sync that failed. */
export function syncFailed(errorCode: ErrorCode): SyncResponse {
  return { errorCode, protocolType: null, protocolName: null, assignment: NO_BYTES };
}
