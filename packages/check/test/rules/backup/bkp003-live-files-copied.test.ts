import { describe, expect, it } from "vitest";
import { bkp003 } from "../../../src/rules/backup/bkp003-live-files-copied.ts";
import { findingsOf } from "../../project.ts";

const compose = `services:
  db:
    image: postgres:16
    volumes: ["./volumes/postgres:/var/lib/postgresql/data"]
  ldap:
    image: osixia/openldap:1.5.0
    volumes: ["ldap_data:/var/lib/ldap"]
volumes: { ldap_data: {} }
`;

/** As the script of a stack that was reviewed: an archive of live volumes, "verified" by listing it. */
const script = `#!/bin/bash
BACKUP_DIR="/backup/stack-$(date +%Y%m%d)"
mkdir -p "$BACKUP_DIR"
tar -czf "$BACKUP_DIR/volumes.tar.gz" volumes/
tar -tzf "$BACKUP_DIR/volumes.tar.gz" >/dev/null || exit 1
`;

const messages = (files: Record<string, string>) => findingsOf(bkp003, files).map(({ message }) => message);

describe("BKP003", () => {
  it("finds the archive of a folder in which a running database keeps its data", () => {
    expect(findingsOf(bkp003, { "compose.yaml": compose, "backup.sh": script })).toEqual([
      {
        rule: "BKP003",
        title: "live database copied as files",
        severity: "high",
        subject: "backup.sh",
        message: "tar copies the folder volumes/postgres of db (PostgreSQL) while it runs",
        location: { file: "backup.sh", line: 4, column: 1, start: 78, end: 124 },
        path: "",
        fix: `Dump first, and copy the dump in place of the files; or stop the server while they are copied:
docker compose exec -T db sh -c 'pg_dumpall -U "$POSTGRES_USER"' | gzip > "db-$(date +%F).sql.gz"`,
        fixability: "none",
        edits: [],
        fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    ]);
  });

  it("finds it without the compose file too, and never says that listing the archive verifies it", () => {
    const findings = findingsOf(bkp003, { "backup.sh": script });
    expect(findings.map(({ message }) => message)).toEqual([
      "tar copies a whole folder of volumes, and with it the files of whatever database or directory runs there",
    ]);
    expect(findings[0]!.fix).not.toMatch(/tar -t|--list/);
  });

  it.each([
    [
      "the server is stopped before",
      "docker compose stop db\ntar -czf /backup/a.tgz volumes/\ndocker compose start db",
    ],
    [
      "it is dumped as well",
      "docker compose exec -T db pg_dump people > volumes/people.sql\ntar -czf /backup/a.tgz volumes/",
    ],
    ["its files are left out", "tar --exclude=volumes/postgres -czf /backup/a.tgz volumes/"],
    ["something else is copied", "tar -czf /backup/a.tgz configuration/\ncp -a uploads /backup"],
    ["it is read or unpacked", "tar -xzf /backup/a.tgz volumes/\ntar -tf volumes/postgres.tar"],
  ])("finds nothing where %s", (_, commands) => {
    expect(messages({ "compose.yaml": compose, "backup.sh": `#!/bin/sh\n${commands}\n` })).toEqual([]);
  });

  it.each([
    [
      "rsync -a $STACK/volumes/postgres/ nas:/backup/",
      "rsync copies the folder volumes/postgres of db (PostgreSQL) while it runs",
    ],
    [
      "sudo restic -r /srv/restic backup /srv/stack/volumes",
      "restic copies the folder volumes/postgres of db (PostgreSQL) while it runs",
    ],
    [
      "docker run --rm -v stack_ldap_data:/data -v $PWD:/backup alpine tar czf /backup/ldap.tgz -C /data .",
      "tar copies the volume ldap_data of ldap (OpenLDAP) while it runs",
    ],
    ["cp -r /var/lib/mysql /backup", "cp copies /var/lib/mysql, where MariaDB keeps its data, while it runs"],
  ])("finds %s", (command, message) => {
    expect(messages({ "compose.yaml": compose, "backup.sh": `#!/bin/sh\n${command}\n` })).toEqual([message]);
  });

  it("finds a service that snapshots the volumes of others, unless they are stopped for it", () => {
    const kopia = `${compose.replace("volumes: { ldap", "  kopia:\n    image: kopia/kopia:0.17\n    volumes: ['./volumes:/source:ro', 'ldap_data:/ldap:ro']\nvolumes: { ldap")}`;
    expect(messages({ "compose.yaml": kopia })).toEqual([
      "kopia copies the folder volumes/postgres of db (PostgreSQL) while it runs",
      "kopia copies the volume ldap_data of ldap (OpenLDAP) while it runs",
    ]);
    const stopped = kopia
      .replace("image: postgres:16", "image: postgres:16\n    labels: [docker-volume-backup.stop-during-backup=true]")
      .replace(
        "image: osixia/openldap:1.5.0",
        "image: osixia/openldap:1.5.0\n    labels: { docker-volume-backup.stop-during-backup: 'true' }",
      );
    expect(messages({ "compose.yaml": stopped })).toEqual([]);
  });

  it("finds a service whose command copies them", () => {
    const cron = `${compose.replace("volumes: { ldap", "  cron:\n    image: alpine:3.20\n    command: sh -c 'tar czf /backup/ldap.tgz /ldap'\n    volumes: ['ldap_data:/ldap:ro', '/backup:/backup']\nvolumes: { ldap")}`;
    expect(messages({ "compose.yaml": cron })).toEqual([
      "tar copies the volume ldap_data of ldap (OpenLDAP) while it runs",
    ]);
  });
});
