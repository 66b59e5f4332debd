import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import type { ConfigFile } from "../../inputs/documents.ts";
import { describeDuration, parseAutheliaDuration } from "./duration.ts";
import { type Session, sessionsOf } from "./sessions.ts";
import { settingOf } from "./settings.ts";

const hour = 3_600_000;
const defaults = { expiration: hour, inactivity: 300_000 } as const;

export const aut002 = defineRule({
  id: "AUT002",
  title: "Authelia's sessions last too long, or passwords can be guessed without end",
  severity: "medium",
  profile: "production",
  reads: ["authelia"],
  fix: "unsafe",
  explanation: `\`expiration\` ends a session whatever happens on it, \`inactivity\` one on which nothing does: a longer inactivity than expiration never comes to count. Unless they are set they are an hour and five minutes.

\`regulation\` bans who fails too often; \`max_retries: 0\` switches it off, and passwords can be tried as fast as the directory answers.`,
  references: [
    "Authelia, Session, expiration and inactivity",
    "Authelia, Regulation, max_retries",
    "OWASP ASVS 4.0.3, 2.2.1 and 3.3",
  ],
  *find(project) {
    for (const config of project.of("authelia")) {
      const sessions = sessionsOf(project, config);
      for (const session of sessions) yield* findIn(session, sessions[0]!, config);
      yield* withoutRegulation(project, config);
    }
  },
});

function* findIn({ name, get }: Session, shared: Session, { file }: ConfigFile): Generator<Found> {
  const [expiration, inactivity] = [get("expiration"), get("inactivity")];
  const expirationMs = parse(expiration?.text);
  if (expiration !== undefined && expirationMs !== undefined && expirationMs > 12 * hour) {
    yield {
      subject: file.path,
      message: `${name} ends only after ${expiration.text} (${describeDuration(expirationMs)})`,
      ...expiration.place,
      value: expiration.text,
      fix: "expiration: '1h'",
      edits: expiration.edits("1h"),
    };
  }
  const inactivityMs = parse(inactivity?.text);
  const endMs = expirationMs ?? parse(shared.get("expiration")?.text) ?? defaults.expiration;
  if (inactivity === undefined || inactivityMs === undefined || inactivityMs <= endMs) return;
  yield {
    subject: file.path,
    message: `${name} has an inactivity of ${inactivity.text}, which its expiration of ${describeDuration(endMs)} always comes before`,
    ...inactivity.place,
    value: inactivity.text,
    fix: "inactivity: '5m'",
    edits: inactivity.edits("5m"),
  };
}

function parse(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseAutheliaDuration(text);
}

function* withoutRegulation(project: Project, config: ConfigFile): Generator<Found> {
  const retries = settingOf(project, config, ["regulation", "max_retries"]);
  if (retries === undefined || Number(retries.text) !== 0) return;
  yield {
    subject: config.file.path,
    message: "passwords can be tried without end: regulation is off, as max_retries is 0",
    ...retries.place,
    value: 0,
    fix: "regulation:\n  max_retries: 3\n  find_time: '2m'\n  ban_time: '5m'",
    edits: retries.edits(3),
  };
}
