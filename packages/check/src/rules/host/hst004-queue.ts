import { defineRule } from "../../engine/rule.ts";

/** A delivery that has been due for longer waits for something that somebody should know of. */
const stuckSeconds = 600;

export const hst004 = defineRule({
  id: "HST004",
  title: "notifications do not get out",
  severity: "high",
  profile: "lab",
  reads: ["queue"],
  fix: "none",
  explanation: `A notification that nobody gets is worse than none: everybody believes that all is well. Deliveries that have been
due for ten minutes and more mean that no worker takes them, or that a channel answers so slowly that the others behind it
wait. Dead letters are deliveries that were given up after the last of their retries.

As this news may itself be on its way through the queue that is stuck, let Prometheus alert by mail of its own as well.`,
  references: ["docs/notify.md", "Alertmanager: email_config"],
  *find(project) {
    for (const { waiting, oldestSeconds, dead } of project.of("queue")) {
      if (oldestSeconds > stuckSeconds) {
        yield {
          subject: "notifications",
          path: "queue",
          message: `${count(waiting, "notification waits", "notifications wait")}, one of them for ${Math.round(oldestSeconds / 60)} minutes beyond its time`,
          fix: "Look which channel fails, and mend it:\n  espalier health\n  espalier notify test CHANNEL",
        };
      }
      if (dead > 0) {
        yield {
          subject: "notifications",
          path: "dead letters",
          severity: "medium",
          message: `${count(dead, "notification was", "notifications were")} given up and not sent again`,
          fix: "Look at them, mend the channel, and send them again or remove them:\n  espalier notify dead list\n  espalier notify dead replay --all\n  espalier notify dead purge",
        };
      }
    }
  },
});

function count(number: number, one: string, several: string): string {
  return `${number} ${number === 1 ? one : several}`;
}
