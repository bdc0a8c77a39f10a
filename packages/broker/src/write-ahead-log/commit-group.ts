import { assert, unreachable } from '@chat-cluster/kernel';
import { crc32c } from '../wire/crc32c.ts';
import { BATCH_HEADER_BYTES, RecordBatch } from '../wire/record-batch.ts';

/** Groups start at multiples of this, so that no sector is written twice and the next group can be looked for. */
export const GROUP_ALIGN_BYTES = 4096;

const MAGIC = 0x43_43_57_48; // "CCWH"
const HEADER_BYTES = 32;
/** Of format version 1, whose groups were written only when all before them were durable. */
const MAGIC_V1 = 0x43_43_57_47; // "CCWG"
const HEADER_BYTES_V1 = 24;
const ENTRY_BYTES = 40;
/** Far above what a group of the largest size can hold; guards the reader against nonsense. */
const GROUP_ENTRIES_MAX = 100_000;

const KINDS = ['batch', 'log-start', 'state'] as const;

/** One thing that becomes durable. */
export type CommitEntry =
  | {
      readonly kind: 'batch';
      readonly topicIdBytes: Uint8Array;
      readonly partition: number;
      readonly baseOffset: number;
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: 'log-start';
      readonly topicIdBytes: Uint8Array;
      readonly partition: number;
      readonly offset: number;
    }
  | { readonly kind: 'state'; readonly index: number; readonly bytes: Uint8Array };

/** What a group says of itself and of those before it. */
export type GroupNumbers = {
  /** Groups are numbered without gaps. */
  readonly sequence: number;
  /** All groups below this were durable when it was written. */
  readonly syncedBefore: number;
};

/** A group as it is found again. `bytes` of its entries are views into the file. */
export type ReadGroup = GroupNumbers & {
  readonly entries: readonly ReadEntry[];
  /** The aligned size. */
  readonly sizeBytes: number;
};

/** An entry, and whether its bytes are those that were written. */
export type ReadEntry = { readonly entry: CommitEntry; readonly isIntact: boolean };

/**
 * Encodes the entries that are written together.
 *
 *     group = magic:uint32 crc:uint32 sequence:float64 entriesCount:uint32 bodyBytes:uint32 syncedBefore:float64
 *             entry{entriesCount} body{entriesCount} zeros up to GROUP_ALIGN_BYTES
 *     entry = kind:uint8 0:uint24 bodyBytes:uint32 bodyCrc:uint32 partition:int32 offset:float64 topicId:16
 *
 * The crc covers the header behind it and all entries. A batch carries its own checksum (its base offset, which that
 * does not cover, is in the entry), so a record is summed once on its way through the broker.
 *
 * @returns the chunks to write one after the other
 */
export function encodeGroup(
  { sequence, syncedBefore }: GroupNumbers,
  entries: readonly CommitEntry[],
): Uint8Array[] {
  assert(entries.length <= GROUP_ENTRIES_MAX, 'A group holds a bounded number of entries.');
  const head = Buffer.alloc(HEADER_BYTES + entries.length * ENTRY_BYTES);
  const chunks: Uint8Array[] = [head];
  let bodyBytes = 0;
  for (const [index, entry] of entries.entries()) {
    encodeEntry(head, HEADER_BYTES + index * ENTRY_BYTES, entry);
    if (entry.kind === 'log-start') continue;
    chunks.push(entry.bytes);
    bodyBytes += entry.bytes.byteLength;
  }
  head.writeUInt32BE(MAGIC, 0);
  head.writeDoubleBE(sequence, 8);
  head.writeUInt32BE(entries.length, 16);
  head.writeUInt32BE(bodyBytes, 20);
  head.writeDoubleBE(syncedBefore, 24);
  head.writeUInt32BE(crc32c(head, 8), 4);
  const usedBytes = head.byteLength + bodyBytes;
  if (usedBytes % GROUP_ALIGN_BYTES !== 0) {
    chunks.push(Buffer.alloc(alignUp(usedBytes) - usedBytes));
  }
  return chunks;
}

/** The bytes that a group of these entries takes in its file. */
export function groupSizeBytes({
  entriesCount,
  bodyBytes,
  headerBytes = HEADER_BYTES,
}: {
  entriesCount: number;
  bodyBytes: number;
  headerBytes?: number;
}): number {
  return alignUp(headerBytes + entriesCount * ENTRY_BYTES + bodyBytes);
}

/** Reads the group that starts at `at`, or null when there is no whole head of one. */
export function readGroup(file: Buffer, at: number): ReadGroup | null {
  const head = readHead(file, at);
  if (head === null) return null;
  const { entriesCount, headerBytes, sequence, syncedBefore } = head;
  const entries: ReadEntry[] = [];
  const entriesAt = at + headerBytes;
  let bodyAt = entriesAt + entriesCount * ENTRY_BYTES;
  for (let index = 0; index < entriesCount; index++) {
    const entry = decodeEntry(file, { at: entriesAt + index * ENTRY_BYTES, bodyAt });
    bodyAt += entry.bodyBytes;
    entries.push(entry.read);
  }
  return { sequence, syncedBefore, entries, sizeBytes: groupSizeBytes(head) };
}

/** What the group whose head stands at `at` says, or null. Cheaper than reading it. */
export function groupNumbersAt(file: Buffer, at: number): GroupNumbers | null {
  return readHead(file, at);
}

function alignUp(bytes: number): number {
  return Math.ceil(bytes / GROUP_ALIGN_BYTES) * GROUP_ALIGN_BYTES;
}

type Head = GroupNumbers & {
  readonly entriesCount: number;
  readonly bodyBytes: number;
  readonly headerBytes: number;
};

function readHead(file: Buffer, at: number): Head | null {
  if (at + HEADER_BYTES > file.byteLength) return null;
  const magic = file.readUInt32BE(at);
  if (magic !== MAGIC && magic !== MAGIC_V1) return null;
  const headerBytes = magic === MAGIC ? HEADER_BYTES : HEADER_BYTES_V1;
  const entriesCount = file.readUInt32BE(at + 16);
  const headEnd = at + headerBytes + entriesCount * ENTRY_BYTES;
  if (entriesCount > GROUP_ENTRIES_MAX || headEnd > file.byteLength) return null;
  if (file.readUInt32BE(at + 4) !== crc32c(file, at + 8, headEnd)) return null;
  const sequence = file.readDoubleBE(at + 8);
  return {
    sequence,
    syncedBefore: magic === MAGIC ? file.readDoubleBE(at + 24) : sequence,
    entriesCount,
    bodyBytes: file.readUInt32BE(at + 20),
    headerBytes,
  };
}

function encodeEntry(head: Buffer, at: number, entry: CommitEntry): void {
  head.writeUInt8(KINDS.indexOf(entry.kind), at);
  if (entry.kind === 'state') {
    head.writeUInt32BE(entry.bytes.byteLength, at + 4);
    head.writeUInt32BE(crc32c(entry.bytes), at + 8);
    head.writeDoubleBE(entry.index, at + 16);
    return;
  }
  if (entry.kind === 'batch') {
    head.writeUInt32BE(entry.bytes.byteLength, at + 4);
    head.writeUInt32BE(new RecordBatch(entry.bytes).crc, at + 8);
  }
  head.writeInt32BE(entry.partition, at + 12);
  head.writeDoubleBE(entry.kind === 'batch' ? entry.baseOffset : entry.offset, at + 16);
  head.set(entry.topicIdBytes, at + 24);
}

function decodeEntry(
  file: Buffer,
  { at, bodyAt }: { at: number; bodyAt: number },
): { read: ReadEntry; bodyBytes: number } {
  const kind = KINDS[file.readUInt8(at)];
  assert(kind !== undefined, 'An entry under a valid checksum has a known kind.');
  const bodyBytes = file.readUInt32BE(at + 4);
  const crc = file.readUInt32BE(at + 8);
  const partition = file.readInt32BE(at + 12);
  const offset = file.readDoubleBE(at + 16);
  const topicIdBytes = file.subarray(at + 24, at + 40);
  const bytes = file.subarray(bodyAt, bodyAt + bodyBytes);
  const isWhole = bytes.byteLength === bodyBytes;
  switch (kind) {
    case 'log-start':
      return intact({ kind, topicIdBytes, partition, offset }, { isIntact: true, bodyBytes });
    case 'state': {
      const isIntact = isWhole && crc32c(bytes) === crc;
      return intact({ kind, index: offset, bytes }, { isIntact, bodyBytes });
    }
    case 'batch': {
      const isIntact = isWhole && isSameBatch(bytes, { baseOffset: offset, crc });
      const entry = { kind, topicIdBytes, partition, baseOffset: offset, bytes };
      return intact(entry, { isIntact, bodyBytes });
    }
    default:
      return unreachable(kind, 'kind of entry');
  }
}

function intact(
  entry: CommitEntry,
  { isIntact, bodyBytes }: { isIntact: boolean; bodyBytes: number },
): { read: ReadEntry; bodyBytes: number } {
  return { read: { entry, isIntact }, bodyBytes };
}

function isSameBatch(bytes: Buffer, expected: { baseOffset: number; crc: number }): boolean {
  if (bytes.byteLength < BATCH_HEADER_BYTES) return false;
  const batch = new RecordBatch(bytes);
  return batch.crc === expected.crc && batch.isIntactAt(expected.baseOffset);
}
