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

/**
 * Of the transactional ids whose transactions are open, those of workers of this group that are not among its members: they are dead, or out of the group. A worker's ids are its
 * transactional id and, where the adapter uses several in turn, that with `.0`, `.1`, … behind it.
 */
export function idsOfTheDead(
  groupId: string,
  ongoing: readonly string[],
  memberNames: readonly string[],
): string[] {
  const prefix = transactionalIdPrefix(groupId);
  const held = memberNames.map((name) => transactionalIdOf(groupId, name));
  return ongoing.filter((id) => {
    // A name has no slash: what has one belongs to another group whose name begins like this one.
    if (!id.startsWith(prefix) || id.includes('/', prefix.length)) return false;
    return !held.some((base) => id.startsWith(base) && /^(\.\d+)?$/.test(id.slice(base.length)));
  });
}

export function transactionalIdPrefix(groupId: string): string {
  return `${groupId}/`;
}

/** `name` LF `endpoint`, UTF-8, with nothing behind the LF where both are the same. The transactional id follows from the name. */
export function encodeIdentity({ name, endpoint }: WorkerIdentity): Uint8Array {
  assert(!/[/\n]/.test(name), 'A worker name has neither a slash nor a line feed.');
  const bytes = new TextEncoder().encode(`${name}\n${endpoint === name ? '' : endpoint}`);
  assert(
    bytes.byteLength < IDENTITY_BYTES_MAX,
    'A worker name and its endpoint, if it is another, take less than 100 bytes together.',
  );
  return bytes;
}

/** Undefined for bytes that are not an identity. */
export function decodeIdentity(userData: Uint8Array): WorkerIdentity | undefined {
  const [name, endpoint] = new TextDecoder().decode(userData).split('\n');
  return name !== undefined && endpoint !== undefined
    ? { name, endpoint: endpoint === '' ? name : endpoint }
    : undefined;
}
