import { defineRule, type Found } from "../../engine/rule.ts";
import type { ObservedClock } from "../../observed/system.ts";

/** Seconds. Servers tell theirs by the second, and answers take a while. */
const limits = { medium: 5, high: 60 } as const;

export const hst003 = defineRule({
  id: "HST003",
  title: "clocks are apart",
  severity: "high",
  profile: "lab",
  reads: ["clock"],
  fix: "none",
  explanation: `Certificates, Kerberos tickets, one-time passwords and the order of changes in replication all depend on the time.
With clocks a minute apart a multi-provider directory keeps the older of two changes, and authenticator codes are refused; with
five minutes Kerberos refuses everybody.

This machine's clock is compared with those of the servers that it knows. Where most of them disagree with it, it is this machine
that is wrong; a single one that disagrees is wrong itself. Let all machines take their time from the same servers.`,
  references: ["RFC 5905", "RFC 4120 §1.6", "OpenLDAP Administrator's Guide, Replication: NTP", "chrony.conf(5)"],
  *find(project) {
    const clocks = project.of("clock");
    const common = clocks.length < 2 ? 0 : median(clocks.map(({ offsetSeconds }) => offsetSeconds));
    const own = Math.abs(common) > limits.medium ? common : 0;
    yield* about("this machine", own, `this machine's clock is ${apart(own)} those of most servers`);
    for (const clock of clocks) yield* aboutServer(clock, own, clocks.length);
  },
});

function* aboutServer({ source, offsetSeconds }: ObservedClock, own: number, count: number): Generator<Found> {
  const offset = offsetSeconds - own;
  const message =
    count < 2
      ? `this machine's clock is ${apart(offset)} that of ${source}, and one of the two is wrong`
      : `the clock of ${source} is ${apart(-offset)} those of the others`;
  yield* about(source, offset, message);
}

function* about(subject: string, offsetSeconds: number, message: string): Generator<Found> {
  const off = Math.abs(offsetSeconds);
  if (off <= limits.medium) return;
  yield {
    ...{ subject, message },
    severity: off > limits.high ? "high" : "medium",
    fix: "On the machine that is wrong:\n  apt install chrony\n  systemctl enable --now chrony\n  chronyc makestep\n  chronyc tracking",
  };
}

function apart(seconds: number): string {
  const off = Math.abs(seconds);
  const text = off < 120 ? `${Math.round(off)} s` : `${Math.round(off / 60)} min`;
  return `${text} ${seconds > 0 ? "ahead of" : "behind"}`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  // Of an even number the one nearer to 0: the machine is not blamed by half of the servers.
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1]!, sorted[Math.floor(sorted.length / 2)]!];
  return Math.abs(low) < Math.abs(high) ? low : high;
}
