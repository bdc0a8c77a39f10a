import { assert } from '@chat-cluster/kernel';

/** What a worker tells the group about itself. */
export type WorkerIdentity = {
  /** Unique in the group, and the same after a restart. */
  readonly name: string;
  /** HOST:PORT where this worker answers other nodes. */
  readonly endpoint: string;
};

/** The group coordinator keeps it for every member and generation. */
const IDENTITY_BYTES_MAX = 100;

/** A transactional id names group and worker, so that a worker that takes over can tell ours from others' and the living from the dead. */
export function transactionalIdOf(groupId: string, name: string): string {
  return `${transactionalIdPrefix(groupId)}${name}`;
}

export function transactionalIdPrefix(groupId: string): string {
  return `${groupId}/`;
}

/** `name` LF `endpoint`, UTF-8. The transactional id follows from the name. */
export function encodeIdentity(identity: WorkerIdentity): Uint8Array {
  const bytes = new TextEncoder().encode(`${identity.name}\n${identity.endpoint}`);
  assert(
    bytes.byteLength < IDENTITY_BYTES_MAX,
    'A worker name and its endpoint take less than 100 bytes together.',
  );
  return bytes;
}

/** Undefined for bytes that are not an identity. */
export function decodeIdentity(userData: Uint8Array): WorkerIdentity | undefined {
  const [name, endpoint] = new TextDecoder().decode(userData).split('\n');
  return name !== undefined && endpoint !== undefined ? { name, endpoint } : undefined;
}
