import { defineRule } from "../../engine/rule.ts";

/** Of the whole, below which it is a finding. */
const shares = { medium: 0.1, high: 0.03 } as const;

export const hst002 = defineRule({
  id: "HST002",
  title: "disk nearly full",
  severity: "high",
  profile: "lab",
  reads: ["storage"],
  fix: "none",
  explanation: `When the disk of the store is full, no event is kept, no webhook is accepted and nobody signs in to the manager;
when the disk of the backups is, the next backup fails. Databases need room to work before they are full: 10 % is a warning, 3 %
is the time to act.`,
  references: ["SQLite: Result and Error Codes, SQLITE_FULL", "PostgreSQL: Monitoring Disk Usage, Disk Full Failure"],
  *find(project) {
    for (const { name, path, freeBytes, sizeBytes } of project.of("storage")) {
      const share = sizeBytes === 0 ? 1 : freeBytes / sizeBytes;
      if (share >= shares.medium) continue;
      yield {
        subject: name,
        path,
        severity: share < shares.high ? "high" : "medium",
        message: `the disk of the ${name} (${path}) has ${formatBytes(freeBytes)} left, ${(share * 100).toFixed(1)} %`,
        fix: `Look what takes the room, and free some or make the disk larger:\n  df -h ${path}\n  du -xh --max-depth=2 ${path} | sort -h | tail\n${advice(name)}`,
      };
    }
  },
});

function advice(name: string): string {
  return name === "backups"
    ? "Fewer backups are kept with `check.backups.keep`, and they are better on a disk of their own."
    : "Events are kept for a shorter time with `store.retention`.";
}

function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
