/**
 * Which backend a name's binds go to: rendezvous hashing (Thaler and Ravishankar, 1998), weighted. Each name ranks the
 * backends in an order of its own; when one is lost, only the names that had it first move.
 */
import type { Backend } from "../backend/backend.ts";

/** The one that ranks highest for `name`. A backend that has just come up takes its names bit by bit, each once. */
export function highestRank(candidates: readonly Backend[], name: string): Backend | undefined {
  const nameHash = hashText(name);
  let chosen: Backend | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  for (const backend of candidates) {
    const weight = Math.max(1, backend.weight) * backend.state.slowStart;
    const rank = weight / -Math.log(fraction(nameHash, hashOf(backend)));
    if (rank <= highest) continue;
    chosen = backend;
    highest = rank;
  }
  return chosen;
}

const hashes = new WeakMap<Backend, number>();

function hashOf(backend: Backend): number {
  let hash = hashes.get(backend);
  if (hash === undefined) {
    hash = hashText(backend.name);
    hashes.set(backend, hash);
  }
  return hash;
}

/** FNV-1a over UTF-16 code units. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** Above 0 and below 1, evenly: two hashes mixed as MurmurHash3 ends. */
function fraction(one: number, other: number): number {
  let mixed = Math.imul(one ^ Math.imul(other, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (((mixed ^ (mixed >>> 16)) >>> 0) + 0.5) / 0x1_0000_0000;
}
