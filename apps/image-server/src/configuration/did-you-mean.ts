/** The candidate that a misspelt word is most like; `undefined` when none is near. */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const nearest = candidates
    .map((candidate) => ({ candidate, distance: distanceOf(word.toLowerCase(), candidate.toLowerCase()) }))
    .reduce((best, next) => (next.distance < best.distance ? next : best));
  return nearest.distance <= Math.max(2, word.length / 4) ? nearest.candidate : undefined;
}

/** Insertions, deletions and replacements that make one word of the other. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, character] of one.split('').entries()) {
    const next = [index + 1];
    for (const [column, expected] of other.split('').entries()) {
      const replaced = (row[column] ?? 0) + (character === expected ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
