/**
 * Bytes that were durable are not what was written: a fault of the disk or of who edited the file.
 *
 * The partition stops and keeps every byte. The person restores the file from a backup, or deletes the topic.
 */
export class DamagedLog extends Error {
  override readonly name = 'DamagedLog';
  readonly code = 'DAMAGED_LOG';
}
