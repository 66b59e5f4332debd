import { formatDuration } from "@espalier/service/plain";
import { defineRule } from "../../engine/rule.ts";

const tolerableSeconds = 60;
const severeSeconds = 600;

export const ldp012 = defineRule({
  id: "LDP012",
  title: "replication lags behind",
  severity: "high",
  profile: "production",
  reads: ["replication"],
  fix: "none",
  explanation: `A server that lacks changes which others have still lets in whom an administrator has locked out, and refuses a password that was just set. Look for what keeps it: the credentials of its consumer, TLS between the servers, clocks that differ, a full disk. When it has lain too long for its supplier's log of changes it must be filled anew.`,
  references: ["RFC 4533", "OpenLDAP Administrator's Guide, 18", "docs/manager.md"],
  *find(project) {
    for (const { cluster, node, lagSeconds } of project.of("replication")) {
      if (lagSeconds <= tolerableSeconds) continue;
      yield {
        subject: node,
        message: `${node} lacks a change that another server of ${cluster} has had for ${formatDuration(Math.floor(lagSeconds) * 1_000)}`,
        path: cluster,
        severity: lagSeconds > severeSeconds ? "high" : "medium",
        fix: `Look into the log of ${node} for its consumer (syncrepl of OpenLDAP, the agreement of 389 Directory Server), and compare its clock with the others'`,
      };
    }
  },
});
