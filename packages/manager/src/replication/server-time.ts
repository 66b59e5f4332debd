/** Times as servers write them of themselves. */

/** Generalized Time in UTC (RFC 4517 §3.3.13), to the second; `undefined` for "never" too: a time before 1971. */
export function parseServerTime(text: string | undefined): number | undefined {
  const [, date, time] = /^(\d{8})(\d{6})(?:\.\d+)?Z$/.exec(text ?? "") ?? [];
  if (date === undefined || time === undefined || date < "1971") return undefined;
  const [day, clock] = [date.replace(/(..)(..)$/, "-$1-$2"), time.replace(/(..)(..)$/, ":$1:$2")];
  const at = Date.parse(`${day}T${clock}Z`);
  // JavaScript takes 31 February for 3 March.
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(`${day}T${clock}`) ? at : undefined;
}
