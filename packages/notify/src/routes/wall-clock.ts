/**
 * What the clocks of a time zone show, and when they show something. Where they are put forward, a time that they skip comes
 * at the moment of the change; where they are put back, a time that comes twice is the first of the two.
 */

const minuteMs = 60_000;
const dayMs = 86_400_000;
const minutesOfDay = 1_440;
/** Further from any local time than an offset from UTC, or a change of one, ever is. */
const marginMs = 2 * dayMs;

const formats = new Map<string, Intl.DateTimeFormat>();

export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

export interface WallClock {
  /** 0 is Sunday. */
  readonly weekday: number;
  /** Since midnight, as the clock shows it. */
  readonly minute: number;
}

export function wallClock(timeZone: string, at: number): WallClock {
  const local = at + offsetMs(timeZone, at);
  return {
    weekday: new Date(local).getUTCDay(),
    minute: Math.floor(modulo(local, dayMs) / minuteMs),
  };
}

/** What the clocks are ahead of UTC by. */
export function offsetMs(timeZone: string, at: number): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(at)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1_000) * 1_000;
}

/** The first moment from which on the clocks have the offset that they have at `until`; it differs from that at `from`. */
export function changeOfOffset(timeZone: string, from: number, until: number): number {
  const after = offsetMs(timeZone, until);
  let [low, high] = [Math.floor(from / minuteMs), Math.ceil(until / minuteMs)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(timeZone, middle * minuteMs) === after) high = middle;
    else low = middle;
  }
  return high * minuteMs;
}

/** The next moment after `after` at which the clocks show one of these minutes of the day. */
export function nextTimeOfDay(timeZone: string, minutes: readonly number[], after: number): number {
  const today = Math.floor((after + offsetMs(timeZone, after)) / dayMs);
  const moments = [today - 1, today, today + 1, today + 2]
    .flatMap((day) => minutes.map((minute) => momentOf(timeZone, (day * minutesOfDay + minute) * minuteMs)))
    .filter((moment) => moment > after);
  return Math.min(...moments);
}

/** @param local what the clocks show, as if they were in UTC */
function momentOf(timeZone: string, local: number): number {
  const [before, after] = [local - marginMs, local + marginMs];
  const offsets = [offsetMs(timeZone, before), offsetMs(timeZone, after)];
  const moments = offsets
    .map((offset) => local - offset)
    .filter((moment, index) => offsetMs(timeZone, moment) === offsets[index]);
  return moments.length > 0 ? Math.min(...moments) : changeOfOffset(timeZone, before, after);
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const numbers = { year: "numeric", month: "numeric", day: "numeric" } as const;
  const times = { hour: "numeric", minute: "numeric", second: "numeric" } as const;
  const format = new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", ...numbers, ...times });
  formats.set(timeZone, format);
  return format;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
