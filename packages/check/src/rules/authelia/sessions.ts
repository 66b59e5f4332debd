/** The sessions that Authelia gives: one for each cookie, which says itself how long they last, or leaves it to `session`. */
import type { Project } from "../../engine/project.ts";
import type { ConfigFile } from "../../inputs/documents.ts";
import { fromNode, isSaidBeside, type Setting, settingOf } from "./settings.ts";

export interface Session {
  /** Begins a sentence: `the cookie of example.com`, or `every session`. */
  readonly name: string;
  /** By the name of the newest version. Undefined where nothing says it, so that the default counts. */
  get(key: SessionKey): Setting | undefined;
}

export type SessionKey = "remember_me" | "expiration" | "inactivity";

const olderNames: Readonly<Partial<Record<SessionKey, string>>> = { remember_me: "remember_me_duration" };

/** What `session` says is one of them as long as it counts for something. */
export function sessionsOf(project: Project, config: ConfigFile): readonly Session[] {
  const { root } = config;
  const session = root.get("session");
  if (session === undefined || session.kind !== "map") return [];
  const cookies = session.get("cookies")?.items() ?? [];
  const common = (key: SessionKey) => {
    const older = olderNames[key];
    return settingOf(project, config, ["session", key], ...(older === undefined ? [] : [["session", older]]));
  };
  const own = cookies.map((cookie): Session => {
    const domain = cookie.get("domain")?.text;
    return { name: `the cookie of ${domain ?? "an unnamed domain"}`, get: (key) => fromNode(cookie.get(key)) };
  });
  const shared: Session = {
    name: "every session",
    get: (key) => (cookies.length > 0 && own.every((each) => each.get(key) !== undefined) ? undefined : common(key)),
  };
  return [shared, ...own];
}

/** Whether the default of a key counts for a session at all. */
export function isDefaultInUse(project: Project, config: ConfigFile, key: SessionKey): boolean {
  const [shared, ...cookies] = sessionsOf(project, config);
  if (shared === undefined || shared.get(key) !== undefined || isSaidBeside(project, config, "session", key))
    return false;
  return cookies.length === 0 || cookies.some((cookie) => cookie.get(key) === undefined);
}
