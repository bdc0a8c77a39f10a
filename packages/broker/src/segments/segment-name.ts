/** What tells a segment of a partition from all others, also from those whose place it has taken. */
export type SegmentName = {
  readonly baseOffset: number;
  /** How often the cleaner has written it anew. */
  readonly generation: number;
};

/** `<first offset>.log`, and `<first offset>-<generation>.log` where the cleaner wrote it; the index beside it is `.idx`. */
export function segmentFileName(
  { baseOffset, generation }: SegmentName,
  extension: 'log' | 'idx',
): string {
  const suffix = generation === 0 ? '' : `-${generation}`;
  return `${String(baseOffset).padStart(20, '0')}${suffix}.${extension}`;
}

/** The segment that a file belongs to, or null for other files. */
export function segmentOf(fileName: string): SegmentName | null {
  const match = /^(\d{20})(?:-(\d+))?\.(?:log|idx)$/.exec(fileName);
  return match === null
    ? null
    : { baseOffset: Number(match[1]), generation: Number(match[2] ?? 0) };
}
