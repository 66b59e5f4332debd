/** Passwords over HTTP: set, changed by their owners, and what is known about them. */
import { normalizeDn } from "@espalier/ldap";
import { attribute } from "@espalier/ldap/client";
import { TokenBuckets } from "@espalier/service/http";
import { ApiError } from "../api/problem.ts";
import { apiPart, type PartOf } from "../api/route.ts";
import type { ChangeRun, Changes, EntryChange, EntryResult } from "../changes/change-set.ts";
import type { Cluster, Clusters } from "../clusters/cluster.ts";
import { planAccount } from "../entries/account.ts";
import { problemError } from "../entries/plan.ts";
import { DirectoryView } from "../entries/view.ts";
import type { Actor, Session } from "../sessions/session.ts";
import { generatePassword } from "./generate.ts";
import { type PasswordPolicy, readPolicy } from "./policy.ts";
import { passwordRoutes } from "./routes.ts";
import { lookAt } from "./sight.ts";
import { type PasswordState, passwordState, stateAttributes } from "./state.ts";
import { dayMs } from "./time.ts";

export interface PasswordNeeds {
  readonly clusters: Clusters;
  readonly changes: Changes;
  /** The session binds with the new one from now on. */
  readonly onOwnPasswordChanged: (session: Session, cluster: Cluster, newPassword: string) => Promise<void>;
  readonly now?: () => number;
}

/** Of a session, for its own password: whoever found an open browser must not guess the old one. */
const attempts = { average: 6, burst: 5, maxKeys: 10_000 };

export function passwordPart({
  clusters,
  changes,
  onOwnPasswordChanged,
  now = Date.now,
}: PasswordNeeds): PartOf<typeof passwordRoutes> {
  const buckets = new TokenBuckets(attempts);

  return apiPart(passwordRoutes, {
    async "POST /clusters/{cluster}/password"({ params, body, setHeader, ...actor }) {
      const cluster = clusters.get(params.cluster);
      const { dn, mustChange } = body;
      actor.session.require("password", cluster.name, dn);
      if (body.newPassword !== undefined) checkLength(cluster, body.newPassword);
      const view = new DirectoryView(cluster, actor);
      // Says at once where the server has nothing of the kind, before the password is another.
      if (mustChange) await planAccount(view, { dn, action: "force_change", nowMs: now() });
      const generated = body.newPassword === undefined ? await suitablePassword(cluster, actor, dn) : undefined;
      const newPassword = body.newPassword ?? generated;
      const set: EntryChange = { type: "password", dn, newPassword };
      const done = await withRun(changes, cluster, actor, `Set the password of ${dn}`, async (run) => {
        throwUnlessApplied(await run.apply(set));
        if (!mustChange) return noteShadow(run, view, dn, now());
        const plan = await planAccount(view, { dn, action: "force_change", nowMs: now() });
        return warningsOf(run, plan.changes, "The password is set, but its owner does not have to change it");
      });
      setHeader("cache-control", "no-store");
      const isForced = mustChange && done.warnings.length === 0;
      return { ...done, mustChange: isForced, ...(generated === undefined ? {} : { generatedPassword: generated }) };
    },

    async "POST /clusters/{cluster}/password/own"({ params, body, ...actor }) {
      const cluster = clusters.get(params.cluster);
      const { session } = actor;
      const { dn } = session.identity(cluster.name);
      session.require("password", cluster.name, dn);
      const view = new DirectoryView(cluster, actor);
      if (await isShared(view, dn)) {
        throw new ApiError(
          "not_allowed",
          "You act as an account that others share: its password is not yours to change.",
        );
      }
      checkLength(cluster, body.newPassword);
      if (!buckets.take(`${session.id} ${cluster.name}`)) {
        const retryAfter = buckets.retryAfterSeconds(`${session.id} ${cluster.name}`);
        throw new ApiError("too_many_requests", "Too many attempts to change your password. Wait a moment.", {
          retryAfter,
        });
      }
      const set: EntryChange = { type: "password", dn, ...body };
      const done = await withRun(changes, cluster, actor, "Change one's own password", async (run) => {
        throwUnlessApplied(await run.apply(set));
        // Before the session has the new password: this request's connections are bound with the old one.
        const warnings = await noteShadow(run, view, dn, now());
        try {
          await onOwnPasswordChanged(session, cluster, body.newPassword);
        } catch {
          return [...warnings, "The password is changed, but this session still has the old one: sign in again."];
        }
        return warnings;
      });
      return { ...done, mustChange: false };
    },

    async "GET /clusters/{cluster}/password"({ params, query, session, signal, setHeader }) {
      const cluster = clusters.get(params.cluster);
      session.require("read", cluster.name, query.dn);
      const { state, policy, dn, node } = await readPassword(cluster, { session, signal }, query.dn, now());
      setHeader("cache-control", "no-store");
      return { dn, node, ...stateJson(state, policy), policy: policy ?? "unknown" };
    },
  });
}

function checkLength({ config, name }: Cluster, newPassword: string): void {
  const { min_length: minLength } = config.password_policy;
  if ([...newPassword].length >= minLength) return;
  throw new ApiError("password_policy", `A password of ${name} has at least ${minLength} characters.`, {
    details: { reason: "passwordTooShort", minLength },
  });
}

async function suitablePassword(
  cluster: Cluster,
  actor: Pick<Actor, "session" | "signal">,
  dn: string,
): Promise<string> {
  const { policy } = await readPassword(cluster, actor, dn, 0);
  const { min_length: configured } = cluster.config.password_policy;
  const demanded = typeof policy?.minLength === "number" ? policy.minLength : 0;
  const allowed = typeof policy?.maxLength === "number" && policy.maxLength > 0 ? policy.maxLength : undefined;
  return generatePassword({ minLength: Math.max(configured, demanded), maxLength: allowed });
}

async function readPassword(
  cluster: Cluster,
  { session, signal }: Pick<Actor, "session" | "signal">,
  dn: string,
  now: number,
): Promise<{ dn: string; node: string; state: PasswordState; policy: PasswordPolicy | undefined }> {
  const identity = session.identity(cluster.name);
  const [schema, { vendor }] = await Promise.all([cluster.schema(identity), cluster.facts(identity)]);
  const work = async (connection: Parameters<Parameters<Cluster["read"]>[1]>[0]) => {
    const sight = await lookAt(connection, dn, stateAttributes, schema, signal);
    const policy = await readPolicy(connection, sight, vendor, signal);
    return { dn: sight.entry.objectName, policy, state: passwordState(sight, policy, now) };
  };
  const { value, node } = await cluster.read(identity, work, { signal });
  return { ...value, node };
}

async function withRun(
  changes: Changes,
  cluster: Cluster,
  actor: Actor,
  title: string,
  work: (run: ChangeRun) => Promise<readonly string[]>,
): Promise<{ changeSet: string; warnings: string[] }> {
  const run = changes.begin(cluster, actor, title, { requires: "password" });
  try {
    return { warnings: [...(await work(run))], changeSet: run.id };
  } finally {
    await run.end();
  }
}

function throwUnlessApplied({ status, problem }: EntryResult): void {
  if (status !== "applied") throw problemError(problem, {});
}

/** Hosts that look at shadow data (RFC 2307 §3) would take a new password for an old one; servers do not note it there. */
async function noteShadow(run: ChangeRun, view: DirectoryView, dn: string, now: number): Promise<readonly string[]> {
  const entry = await view.entryIfThere(dn, ["objectClass", "shadowLastChange"]);
  if (!entry?.texts("objectClass").some((name) => name.toLowerCase() === "shadowaccount")) return [];
  const change: EntryChange = {
    type: "modify",
    dn,
    changes: [{ operation: "replace", modification: attribute("shadowLastChange", String(Math.floor(now / dayMs))) }],
  };
  return warningsOf(run, [change], "The password is set, but shadowLastChange is as it was");
}

async function warningsOf(run: ChangeRun, changes: readonly EntryChange[], before: string): Promise<string[]> {
  const warnings: string[] = [];
  for (const change of changes) {
    const { status, problem } = await run.apply(change);
    if (status !== "applied") warnings.push(`${before}: ${problem?.title ?? "the directory did not take it."}`);
  }
  return warnings;
}

async function isShared(view: DirectoryView, dn: string): Promise<boolean> {
  const { bind_dn: shared, shared_login: isOn } = view.cluster.config;
  if (shared === undefined || isOn === undefined) return false;
  const schema = await view.schema();
  const key = (name: string) => {
    try {
      return normalizeDn(name, schema);
    } catch {
      return name;
    }
  };
  return key(dn) === key(shared) && key(view.actor.session.name) !== key(dn);
}

function stateJson(state: PasswordState, policy: PasswordPolicy | undefined) {
  const { changedAt, expiresAt, lockedSince, lockedUntil, graceLoginsUsed, ...rest } = state;
  const grace = policy?.graceLogins ?? "unknown";
  const left =
    grace === "unknown" || graceLoginsUsed === "unknown" ? ("unknown" as const) : Math.max(0, grace - graceLoginsUsed);
  return {
    ...rest,
    schemes: [...rest.schemes],
    changedAt: typeof changedAt === "number" ? iso(changedAt) : changedAt,
    expiresAt: typeof expiresAt === "number" ? iso(expiresAt) : expiresAt,
    ...(lockedSince === undefined ? {} : { lockedSince: iso(lockedSince) }),
    ...(lockedUntil === undefined ? {} : { lockedUntil: lockedUntil === "unlocked" ? lockedUntil : iso(lockedUntil) }),
    graceLoginsUsed,
    graceLoginsLeft: left,
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
