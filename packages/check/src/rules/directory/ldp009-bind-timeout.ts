import { formatDuration, parseDuration } from "@espalier/service/plain";
import type { Project } from "../../engine/project.ts";
import { defineRule } from "../../engine/rule.ts";
import { clientKinds, ldapClients } from "./clients/index.ts";
import { settingText } from "./espalier-settings.ts";
import { approvalWaitMs, gatewaysOf } from "./gateways.ts";

export const ldp009 = defineRule({
  id: "LDP009",
  title: "clients give up a login before its approval can come",
  severity: "high",
  profile: "production",
  reads: clientKinds,
  fix: "unsafe",
  explanation: `A login that a person has to approve is answered when they have done so. A client that waits less than the gateway does gives up first and tries the next server, which asks the person again, or says that the password was wrong. SSSD waits 8 s for the answer to a bind unless \`ldap_opt_timeout\` says otherwise, nslcd 10 s (\`bind_timelimit\`), Authelia 5 s (\`timeout\`).

Let clients wait longer than the gateway does (\`gateway.notification.timeout\`, 30 s unless set), or let the gateway wait less.`,
  references: ["sssd-ldap(5), ldap_opt_timeout", "nslcd.conf(5), bind_timelimit", "Authelia, LDAP, timeout"],
  *find(project) {
    const waitMs = approvalWait(project);
    if (waitMs === undefined) return;
    const wanted = Math.ceil(waitMs / 1_000) + 30;
    for (const { subject, name, bindTimeout: timeout } of ldapClients(project)) {
      if (timeout === undefined || timeout.ms > waitMs) continue;
      const said = timeout.isDefault ? `${timeout.option} is not set and then ` : `${timeout.option} is `;
      yield {
        subject,
        message: `${name} waits ${formatDuration(timeout.ms)} for a bind whose approval may take ${formatDuration(waitMs)}: ${said}${formatDuration(timeout.ms)}`,
        ...timeout.place,
        value: [timeout.ms, waitMs],
        fix: timeout.fix(wanted),
        edits: [timeout.edit(wanted)],
      };
    }
  },
});

/** The longest that a bind may wait for a person; undefined where nobody is asked. */
function approvalWait(project: Project): number | undefined {
  const answered = project.of("espalier").flatMap(({ root }) => {
    const approvals = root.get("notify", "approvals");
    if (approvals === undefined) return [];
    return [parseDuration(settingText(approvals.get("expireAfter"), project) ?? "60s") ?? 60_000];
  });
  const asked = gatewaysOf(project).flatMap((gateway) => approvalWaitMs(gateway) ?? []);
  if (asked.length === 0 && answered.length === 0) return undefined;
  // Whoever ends first, the gateway or the service that asks, ends the wait.
  return Math.min(
    ...(asked.length === 0 ? [] : [Math.max(...asked)]),
    ...(answered.length === 0 ? [] : [Math.max(...answered)]),
  );
}
