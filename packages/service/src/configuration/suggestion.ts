/** "Did you mean …": the known word nearest to one that was not understood. */

/** `undefined` when nothing is near enough: neither begins with the other, and over a third of the letters differ. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const target = letters(word);
  let best: string | undefined;
  let bestDistance = Math.floor(target.length / 3) + 1;
  for (const candidate of known) {
    const other = letters(candidate);
    const isPrefix =
      Math.min(target.length, other.length) >= 3 && (target.startsWith(other) || other.startsWith(target));
    const distance = isPrefix ? 1 : editDistance(target, other);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `base_dn`, `base-dn` and `baseDN` are one word. */
function letters(word: string): string {
  return word.toLowerCase().replaceAll(/[-_.\s]/g, "");
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let distance = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + cost);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        distance = Math.min(distance, beforePrevious[column - 2]! + 1);
      }
      current.push(distance);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length]!;
}
