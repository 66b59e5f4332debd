/** The hours in which only what is urgent is sent; the rest waits for their end, together. */
import type { Severity } from "@espalier/service";
import { changeOfOffset, offsetMs, wallClock } from "./wall-clock.ts";

export interface QuietHours {
  /** Minutes of the day, by the clocks of the time zone; `to` is the first that is not quiet, on the next day if it is not after `from`. */
  readonly from: number;
  readonly to: number;
  readonly timeZone: string;
  /** The days on which a quiet time begins; 0 is Sunday. */
  readonly days: readonly number[];
  /** Sent at any time. */
  readonly except: readonly Severity[];
}

const minuteMs = 60_000;
const minutesOfDay = 1_440;

export function isQuiet({ from, to, timeZone, days }: QuietHours, at: number): boolean {
  const { weekday, minute } = wallClock(timeZone, at);
  if (from < to) return minute >= from && minute < to && days.includes(weekday);
  return (minute >= from && days.includes(weekday)) || (minute < to && days.includes((weekday + 6) % 7));
}

/** The first moment from `at` on that is not quiet. There is one: see {@link neverEnds}. */
export function endOfQuiet(hours: QuietHours, at: number): number {
  const { to, timeZone } = hours;
  let moment = at;
  while (isQuiet(hours, moment)) {
    const { minute } = wallClock(timeZone, moment);
    const end =
      Math.floor(moment / minuteMs + ((to - minute + minutesOfDay) % minutesOfDay || minutesOfDay)) * minuteMs;
    const isSteady = offsetMs(timeZone, moment) === offsetMs(timeZone, end);
    // Where the clocks are changed on the way, what they show then decides anew.
    moment = isSteady ? end : Math.min(end, changeOfOffset(timeZone, moment, end));
  }
  return moment;
}

/** Every hour of every day. */
export function neverEnds({ from, to, days }: Pick<QuietHours, "from" | "to" | "days">): boolean {
  return from % minutesOfDay === to % minutesOfDay && new Set(days).size === 7;
}
