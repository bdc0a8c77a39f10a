import { replaceFile, type Disk } from '../disk/disk.ts';
import type { PartitionCheckpoint } from '../partitions/partition-snapshot.ts';
import { DamagedLog } from '../segments/damaged-log.ts';
import { crc32c } from '../wire/crc32c.ts';

const FILE_NAME = 'checkpoint';

/** How far the file of the broker's own state goes. */
export type StateCheckpoint = {
  readonly fileNumber: number;
  readonly sizeBytes: number;
  /** The records below this number are in the file. */
  readonly index: number;
};

/** What is durable outside the write-ahead log: it is needed only from group `sequence` on. */
export type Checkpoint = {
  readonly sequence: number;
  readonly state: StateCheckpoint;
  /** By `partitionKey`. */
  readonly partitions: Readonly<Record<string, PartitionCheckpoint>>;
};

const EMPTY_CHECKPOINT: Checkpoint = {
  sequence: 1,
  state: { fileNumber: 0, sizeBytes: 0, index: 0 },
  partitions: {},
};

export function partitionKey({
  topicId,
  partition,
}: {
  topicId: string;
  partition: number;
}): string {
  return `${topicId}/${partition}`;
}

/** Replaces the checkpoint in one step: its checksum in hexadecimal, a line feed, JSON. */
export async function writeCheckpoint(
  disk: Disk,
  { folder, checkpoint }: { folder: string; checkpoint: Checkpoint },
): Promise<void> {
  const json = Buffer.from(JSON.stringify(checkpoint));
  const contents = Buffer.concat([Buffer.from(`${checksum(json)}\n`), json]);
  await replaceFile(disk, { folder, name: FILE_NAME, contents });
}

/**
 * The last checkpoint; EMPTY_CHECKPOINT when there never was one.
 *
 * @throws DamagedLog when the file is not what was written
 */
export async function readCheckpoint(disk: Disk, folder: string): Promise<Checkpoint> {
  const contents = await disk.readFile(`${folder}/${FILE_NAME}`);
  if (contents === null) return EMPTY_CHECKPOINT;
  const json = contents.subarray(9);
  if (contents.toString('latin1', 0, 9) !== `${checksum(json)}\n`) {
    throw new DamagedLog(
      `${folder}/${FILE_NAME} is damaged; restore the data folder from a backup`,
    );
  }
  // Only this module writes the file, and the checksum says that these are its bytes.
  return JSON.parse(json.toString()) as Checkpoint;
}

function checksum(bytes: Uint8Array): string {
  return crc32c(bytes).toString(16).padStart(8, '0');
}
