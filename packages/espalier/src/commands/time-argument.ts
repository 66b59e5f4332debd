/** A point in time on the command line. */
import { parseDuration } from "@espalier/service/plain";
import { InvalidArgumentError } from "commander";

/** ISO 8601, or how long ago: milliseconds since 1970. */
export function parseTime(text: string): number {
  const ago = parseDuration(text);
  const time = ago === undefined ? Date.parse(text) : Date.now() - ago;
  if (Number.isNaN(time))
    throw new InvalidArgumentError("write a time such as 2026-01-31T12:00:00Z, or 2h for two hours ago");
  return time;
}
