/** The one of these names that somebody meant who wrote another; undefined if none is near. */
export function nearest(written: string, names: readonly string[]): string | undefined {
  const edits = names.map((name) => ({ name, count: editCount(written, name) }));
  const best = edits.toSorted((a, b) => a.count - b.count)[0];
  // Two slips at least, and one in each three characters.
  const countMax = Math.max(2, Math.floor(written.length / 3));
  return best !== undefined && best.count <= countMax ? best.name : undefined;
}

/** `; did you mean --x?` for the end of a sentence, `.` if no name is near. */
export function didYouMean(written: string, names: readonly string[]): string {
  const name = nearest(written, names);
  return name === undefined ? '.' : `; did you mean ${name}?`;
}

/**
 * Letters to insert, delete or replace, or neighbours to swap, to come from one text to the other
 * (optimal string alignment).
 */
function editCount(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= from.length; i += 1) {
    const above = rows[i - 1]!;
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const isSame = from[i - 1] === to[j - 1];
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row[j] = Math.min(
        above[j]! + 1,
        row[j - 1]! + 1,
        above[j - 1]! + (isSame ? 0 : 1),
        isSwapped ? rows[i - 2]![j - 2]! + 1 : Infinity,
      );
    }
    rows.push(row);
  }
  return rows[from.length]![to.length]!;
}
