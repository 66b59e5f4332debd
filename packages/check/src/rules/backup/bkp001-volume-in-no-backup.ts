import { defineRule } from "../../engine/rule.ts";
import { isDumped } from "./dumps.ts";
import { fileCopies, volumesCopied } from "./file-copies.ts";
import { describeSource, type StatefulVolume, statefulVolumes } from "./stateful-volumes.ts";

export const bkp001 = defineRule({
  id: "BKP001",
  title: "stateful volume in no backup job",
  severity: "high",
  profile: "production",
  reads: ["compose"],
  fix: "none",
  explanation: `A database or a directory keeps its data in this volume, and nothing that was read backs it up: no service of the compose project, no script, and no \`check.backups\` of Espalier. When the disk fails, or somebody removes the volume, the data are gone.

Name the database or directory in Espalier's configuration, or dump it in a script of your own that lies beside the compose file. Where it is backed up by something that is not among these files, say so in a suppression.`,
  references: [
    "Docker documentation, “Volumes: Back up, restore, or migrate data volumes”",
    "CIS Controls v8, 11.2 (automated backups)",
  ],
  *find(project) {
    const volumes = [...statefulVolumes(project)];
    const copied = new Set([...fileCopies(project)].flatMap((copy) => volumesCopied(copy, volumes)));
    const seen = new Set<string>();
    for (const volume of volumes) {
      const key = JSON.stringify([volume.service.name, volume.source]);
      if (seen.has(key) || copied.has(volume) || isDumped(volume, project)) continue;
      seen.add(key);
      const { service, store, source, mount } = volume;
      yield {
        subject: service.name,
        message: `${describeSource(source)}, in which ${service.name} (${store.name}) keeps its data, is in no backup job`,
        at: mount.node,
        path: `services.${service.name}.volumes.${mount.target}`,
        value: "volume" in source ? source.volume : source.path,
        fix: fixOf(volume),
      };
    }
  },
});

function fixOf({ service, store }: StatefulVolume): string {
  const lines = {
    PostgreSQL: [
      `    databases: { ${service.name}: "\${${nameOf(service.name)}_URL}" } # postgres://user:password@host/database`,
    ],
    MariaDB: [
      `    databases: { ${service.name}: "\${${nameOf(service.name)}_URL}" } # mariadb://user:password@host/database`,
    ],
    OpenLDAP: ["    # with the server in the section clusters"],
    "389 Directory Server": ["    # with the server in the section clusters"],
  }[store.name];
  const own = `Dump it every day, to another machine:\n${store.dumpLine(service.name)}`;
  if (lines === undefined) return own;
  const espalier = [
    "check:",
    "  backups:",
    "    directory: /var/backups/espalier",
    "    passphraseFile: /etc/espalier/backup-passphrase",
    ...lines,
  ];
  return `In espalier.yaml, with \`espalier backup create\` every day:\n${espalier.join("\n")}\nOr without Espalier. ${own}`;
}

function nameOf(service: string): string {
  return service.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
}
