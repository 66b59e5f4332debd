/** A moment, as how long ago it was; pointing at it tells when. */
const units = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

// Made when the first moment is shown: they read the locale's data, for which the first screen would wait.
let formats: { readonly relative: Intl.RelativeTimeFormat; readonly absolute: Intl.DateTimeFormat } | undefined;
function formatsOfLocale() {
  formats ??= {
    relative: new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }),
    absolute: new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" }),
  };
  return formats;
}

function agoText(ms: number, now = Date.now()): string {
  const seconds = Math.round((ms - now) / 1_000);
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return formatsOfLocale().relative.format(Math.trunc(seconds / size), unit);
}

/** @param at milliseconds since 1970, or ISO 8601 */
export function Time({ at }: { readonly at: number | string }) {
  const ms = typeof at === "number" ? at : Date.parse(at);
  if (Number.isNaN(ms)) return <>{String(at)}</>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={formatsOfLocale().absolute.format(ms)}>
      {agoText(ms)}
    </time>
  );
}
