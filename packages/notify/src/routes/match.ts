/** Whether an event is for a route. */
import type { StoredEvent } from "@espalier/service";
import type { Route } from "./config.ts";

/** See `canary.ts`. */
export const canarySent = "canary.sent";

export function matches({ match }: Route, event: Pick<StoredEvent, "type" | "severity" | "subject">): boolean {
  const { type, severity, subject } = match;
  // The service's own test of the way is told to nobody who does not ask for it by its name.
  if (event.type === canarySent && type?.includes(canarySent) !== true) return false;
  if (severity?.includes(event.severity) === false) return false;
  if (type?.some((pattern) => matchesType(pattern, event.type)) === false) return false;
  return subject?.some((pattern) => matchesText(pattern, event.subject)) !== false;
}

function matchesType(pattern: string, type: string): boolean {
  if (pattern === "*") return true;
  return pattern.endsWith(".*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}

/**
 * `*` for any characters. Each piece between two of them is looked for from the left: the first place is as good as any, so
 * a text from a stranger cannot make it try many.
 */
function matchesText(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
