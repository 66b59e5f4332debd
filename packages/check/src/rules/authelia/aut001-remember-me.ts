import { defineRule, type Found } from "../../engine/rule.ts";
import { describeDuration, parseAutheliaDuration } from "./duration.ts";
import { isDefaultInUse, sessionsOf } from "./sessions.ts";

const day = 86_400_000;

export const aut001 = defineRule({
  id: "AUT001",
  title: "Authelia remembers people for too long",
  severity: "high",
  profile: "production",
  reads: ["authelia"],
  fix: "safe",
  explanation: `Whoever gets hold of the cookie of somebody who ticked “Remember me” is that person, second factor and all, until it expires. A week is enough for convenience, a day where much is at stake, and \`-1\` takes the box away. Unless it is set, it is a month.

In Authelia's durations \`M\` is a month and \`m\` a minute: \`1M\` is 30 days.`,
  references: ["Authelia, Session, remember_me", "OWASP Session Management Cheat Sheet, Session Expiration"],
  *find(project) {
    for (const config of project.of("authelia")) {
      for (const { name, get } of sessionsOf(project, config)) {
        const setting = get("remember_me");
        const ms = setting === undefined ? undefined : parseAutheliaDuration(setting.text);
        if (setting === undefined || ms === undefined || ms <= 7 * day) continue;
        yield {
          ...advice,
          subject: config.file.path,
          message: `${name} is remembered for ${setting.text} (${describeDuration(ms)})`,
          ...setting.place,
          value: setting.text,
          severity: ms > 30 * day ? "high" : "medium",
          edits: setting.edits("7d"),
        };
      }
      const session = config.root.get("session");
      if (session === undefined || !isDefaultInUse(project, config, "remember_me")) continue;
      yield {
        ...advice,
        subject: config.file.path,
        message: "sessions are remembered for a month, as remember_me is not set",
        at: session.keyLocation ?? session.location,
        path: `${session.pathText}.remember_me`,
        value: null,
        severity: "medium",
        edits: [
          { kind: "set", file: session.location.file, path: [...session.sourcePath, "remember_me"], value: "7d" },
        ],
      };
    }
  },
});

const advice = {
  fix: "remember_me: '7d' # 1d where much is at stake, -1 to take the box away",
} satisfies Partial<Found>;
