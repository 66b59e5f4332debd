/** Unified diffs, as `diff -u` writes them and `patch` reads them. */

/** Lines around a change that are shown with it. */
const context = 3;
/** Beyond so many changed lines the whole stretch between the first and the last is shown as replaced. */
const maxChanges = 2_000;

interface Change {
  /** Lines of the text before, `[start, end)`, and those that come in their place. */
  readonly start: number;
  readonly end: number;
  readonly newStart: number;
  readonly newEnd: number;
}

/** Empty where nothing differs. The path is that of the file on both sides, with `a/` and `b/` before it. */
export function unifiedDiff(path: string, before: string, after: string): string {
  const old = linesOf(before);
  const fresh = linesOf(after);
  const changes = changesOf(old, fresh);
  if (changes.length === 0) return "";
  const hunks = hunksOf(changes).map((hunk) => formatHunk(hunk, old, fresh));
  return `--- a/${path}\n+++ b/${path}\n${hunks.join("")}`;
}

/** Each with its newline, which the last one may lack. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function changesOf(old: readonly string[], fresh: readonly string[]): readonly Change[] {
  let head = 0;
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(old.length, fresh.length) - head && old.at(-1 - tail) === fresh.at(-1 - tail)) tail += 1;
  const within = shortestEdit(old.slice(head, old.length - tail), fresh.slice(head, fresh.length - tail));
  return within.map(({ start, end, newStart, newEnd }) => ({
    start: start + head,
    end: end + head,
    newStart: newStart + head,
    newEnd: newEnd + head,
  }));
}

/** Myers: An O(ND) Difference Algorithm and Its Variations (1986), the greedy form. */
function shortestEdit(old: readonly string[], fresh: readonly string[]): readonly Change[] {
  if (old.length === 0 && fresh.length === 0) return [];
  const whole = [{ start: 0, end: old.length, newStart: 0, newEnd: fresh.length }];
  const limit = Math.min(old.length + fresh.length, maxChanges);
  const offset = limit + 1;
  const furthest = new Int32Array(2 * limit + 3);
  const trace: Int32Array[] = [];
  for (let edits = 0; edits <= limit; edits += 1) {
    trace.push(furthest.slice());
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = isDown(furthest, offset, diagonal, edits)
        ? furthest[offset + diagonal + 1]!
        : furthest[offset + diagonal - 1]! + 1;
      let y = x - diagonal;
      while (x < old.length && y < fresh.length && old[x] === fresh[y]) {
        x += 1;
        y += 1;
      }
      furthest[offset + diagonal] = x;
      if (x >= old.length && y >= fresh.length) return backtrack(trace, offset, old.length, fresh.length);
    }
  }
  return whole;
}

function isDown(furthest: Int32Array, offset: number, diagonal: number, edits: number): boolean {
  if (diagonal === -edits) return true;
  return diagonal !== edits && furthest[offset + diagonal - 1]! < furthest[offset + diagonal + 1]!;
}

function backtrack(trace: readonly Int32Array[], offset: number, oldLength: number, newLength: number): Change[] {
  const changes: Change[] = [];
  let x = oldLength;
  let y = newLength;
  for (let edits = trace.length - 1; edits > 0; edits -= 1) {
    const furthest = trace[edits]!;
    const diagonal = x - y;
    const down = isDown(furthest, offset, diagonal, edits);
    const previous = diagonal + (down ? 1 : -1);
    const fromX = furthest[offset + previous]!;
    const fromY = fromX - previous;
    const change = { start: fromX, end: down ? fromX : fromX + 1, newStart: fromY, newEnd: down ? fromY + 1 : fromY };
    const next = changes[0];
    if (next !== undefined && next.start === change.end && next.newStart === change.newEnd) {
      changes[0] = { ...next, start: change.start, newStart: change.newStart };
    } else changes.unshift(change);
    x = fromX;
    y = fromY;
  }
  return changes;
}

/** Changes whose context would overlap are shown together. */
function hunksOf(changes: readonly Change[]): readonly (readonly Change[])[] {
  const hunks: Change[][] = [];
  for (const change of changes) {
    const last = hunks.at(-1);
    if (last !== undefined && change.start - last.at(-1)!.end <= 2 * context) last.push(change);
    else hunks.push([change]);
  }
  return hunks;
}

function formatHunk(changes: readonly Change[], old: readonly string[], fresh: readonly string[]): string {
  const first = changes[0]!;
  const last = changes.at(-1)!;
  const start = Math.max(0, first.start - context);
  const end = Math.min(old.length, last.end + context);
  const newStart = first.newStart - (first.start - start);
  const newEnd = last.newEnd + (end - last.end);
  let text = `@@ -${range(start, end)} +${range(newStart, newEnd)} @@\n`;
  let at = start;
  for (const change of changes) {
    text += old
      .slice(at, change.start)
      .map((line) => written(" ", line))
      .join("");
    text += old
      .slice(change.start, change.end)
      .map((line) => written("-", line))
      .join("");
    text += fresh
      .slice(change.newStart, change.newEnd)
      .map((line) => written("+", line))
      .join("");
    at = change.end;
  }
  return (
    text +
    old
      .slice(at, end)
      .map((line) => written(" ", line))
      .join("")
  );
}

function range(start: number, end: number): string {
  const count = end - start;
  const first = count === 0 ? start : start + 1;
  return count === 1 ? String(first) : `${first},${count}`;
}

function written(sign: string, line: string): string {
  return line.endsWith("\n") ? sign + line : `${sign}${line}\n\\ No newline at end of file\n`;
}
