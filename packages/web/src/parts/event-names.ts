/** What types of events are called; of one that is not known here, its own name. */
const names: Readonly<Record<string, string>> = {
  "entry.added": "Entry added",
  "entry.modified": "Entry changed",
  "entry.renamed": "Entry renamed or moved",
  "entry.deleted": "Entry deleted",
  "change.failed": "Change failed",
  "password.changed": "Password changed",
  "session.opened": "Signed in",
  "session.closed": "Signed out",
  "session.refused": "Sign-in refused",
  "session.revoked": "Session ended by somebody",
  "session.connected": "Connected to a cluster",
  "session.disconnected": "Disconnected from a cluster",
  "node.up": "Server is up",
  "node.down": "Server is down",
  "backend.up": "Backend is up",
  "backend.down": "Backend is down",
  "replication.lagging": "Replication lags",
  "replication.broken": "Replication is broken",
  "replication.recovered": "Replication is well again",
  "finding.raised": "Finding raised",
  "finding.resolved": "Finding resolved",
  "incident.acknowledged": "Somebody took it on",
  "write-node.changed": "Writes go to another server",
  "write-node.lost": "No server takes writes",
  "write-node.back": "Writes are taken again",
  "backend.degraded": "Backend is not well",
  "approval.requested": "Approval asked for",
  "approval.approved": "Approved",
  "approval.rejected": "Rejected",
  "hook.received": "Webhook received",
};

export function eventName(type: string): string {
  return names[type] ?? type;
}
