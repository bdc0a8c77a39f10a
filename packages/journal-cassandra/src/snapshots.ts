import { checkSnapshotSize, type Snapshot } from '@chat-cluster/journal';
import { toBatches } from './batches.ts';
import { int64 } from './int64.ts';
import type { Session, Statement } from './session.ts';

const ENTITIES_PER_REQUEST = 50;

const WRITE_SNAPSHOT =
  'INSERT INTO snapshot (entity_type, entity_id, seq, state) VALUES (?, ?, ?, ?) USING TIMESTAMP ?';

const READ_SNAPSHOTS =
  'SELECT entity_id, seq, state FROM snapshot WHERE entity_type = ? AND entity_id IN ?';

/** What a snapshot adds to the size of a batch, beside its state. */
const SNAPSHOT_OVERHEAD_BYTES = 100;

type StoredSnapshot = {
  readonly entity_id: string;
  readonly seq: bigint;
  readonly state: Buffer;
};

/** The timestamp is the seq: of two snapshots the one with the higher seq stays (promise 3). */
export async function writeSnapshots(
  session: Session,
  entityType: string,
  { snapshots, batchBytesMax }: { snapshots: readonly Snapshot[]; batchBytesMax: number },
): Promise<void> {
  session.assertOpen();
  for (const snapshot of snapshots) checkSnapshotSize(snapshot);
  const batches = toBatches(snapshots, {
    bytesMax: batchBytesMax,
    sizeBytesOf: ({ state }) => state.byteLength + SNAPSHOT_OVERHEAD_BYTES,
    partitionOf: ({ entityId }) => entityId,
  });
  await session.forEach(batches, async (batch) => {
    const statements = batch.map(({ entityId, seq, state }): Statement => {
      const number = int64(seq);
      return {
        query: WRITE_SNAPSHOT,
        params: [entityType, entityId, number, asBuffer(state), number],
      };
    });
    await session.write(statements);
  });
}

/** In the order asked. */
export async function readSnapshots(
  session: Session,
  entityType: string,
  entityIds: readonly string[],
): Promise<readonly (Snapshot | undefined)[]> {
  const distinct = [...new Set(entityIds)];
  const requests: string[][] = [];
  for (let from = 0; from < distinct.length; from += ENTITIES_PER_REQUEST) {
    requests.push(distinct.slice(from, from + ENTITIES_PER_REQUEST));
  }
  const pages = await session.forEach(requests, (ids) =>
    session.read<StoredSnapshot>({ query: READ_SNAPSHOTS, params: [entityType, ids] }),
  );
  const found = new Map<string, Snapshot>();
  for (const { entity_id: entityId, seq, state } of pages.flat()) {
    found.set(entityId, { entityId, seq: Number(seq), state });
  }
  return entityIds.map((entityId) => found.get(entityId));
}

/** The same memory as a Buffer, which is what the driver knows. */
function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
