import { describe, expect, it } from "vitest";
import { bkp001 } from "../../../src/rules/backup/bkp001-volume-in-no-backup.ts";
import { findingsOf } from "../../project.ts";

const compose = `services:
  db:
    image: postgres:16
    volumes: [pgdata:/var/lib/postgresql/data]
  ldap:
    image: docker.io/osixia/openldap:1.5.0
    volumes:
      - ./volumes/ldap:/var/lib/ldap
      - ./certificates:/container/service/slapd/assets/certs:ro
  app:
    image: app:1
    volumes: [uploads:/data]
volumes: { pgdata: {}, uploads: {} }
`;

const subjects = (files: Record<string, string>) => findingsOf(bkp001, files).map(({ subject }) => subject);

describe("BKP001", () => {
  it("finds the volumes of databases and directories that nothing backs up", () => {
    const common = {
      rule: "BKP001",
      title: "stateful volume in no backup job",
      severity: "high",
      fixability: "none",
      edits: [],
    };
    expect(findingsOf(bkp001, { "compose.yaml": compose })).toEqual([
      {
        ...common,
        subject: "db",
        message: "the volume pgdata, in which db (PostgreSQL) keeps its data, is in no backup job",
        location: { file: "compose.yaml", line: 4, column: 15, start: 53, end: 84 },
        path: "services.db.volumes./var/lib/postgresql/data",
        fix: expect.stringMatching(/databases: { db: "\$\{DB_URL\}" } # postgres:\/\/user:password@host\/database/),
        fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
      {
        ...common,
        subject: "ldap",
        message: "the folder volumes/ldap, in which ldap (OpenLDAP) keeps its data, is in no backup job",
        location: { file: "compose.yaml", line: 8, column: 9, start: 158, end: 186 },
        path: "services.ldap.volumes./var/lib/ldap",
        fix: expect.stringContaining("slapcat"),
        fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    ]);
  });

  it("takes a script that dumps them for a backup job, in a container or over the network", () => {
    const script = `#!/bin/sh
docker compose exec -T db pg_dumpall -U postgres | gzip > /backup/db.sql.gz
ssh backup@nas 'slapcat -n 1' > /backup/ldap.ldif
`;
    expect(subjects({ "compose.yaml": compose, "backup.sh": script })).toEqual([]);
  });

  it("takes no dump of another database of its kind for one", () => {
    const two =
      "services:\n  one: { image: 'postgres:16', volumes: ['first:/var/lib/postgresql/data'] }\n  two: { image: 'postgres:16', volumes: ['second:/var/lib/postgresql/data'] }\nvolumes: { first: {}, second: {} }\n";
    const script = "#!/bin/sh\npg_dump -h one people > one.sql\n";
    expect(subjects({ "compose.yaml": two, "backup.sh": script })).toEqual(["two"]);
  });

  it("takes Espalier for one where its configuration names the servers and has backups", () => {
    const sections = `gateway:
  sql: { url: "postgres://ann:secret@db/people" }
clusters:
  - { name: people, host: ldap }
`;
    expect(subjects({ "compose.yaml": compose, "espalier.yaml": sections })).toEqual(["db", "ldap"]);
    const backups = "check:\n  backups: { directory: /var/backups/espalier }\n";
    expect(subjects({ "compose.yaml": compose, "espalier.yaml": `${sections}${backups}` })).toEqual([]);
  });

  it("takes a service that copies or dumps them for one", () => {
    const services = `${compose.replace("volumes: { pgdata", "  files:\n    image: kopia/kopia:0.17\n    volumes: ['./volumes:/source:ro']\n  dumps:\n    image: prodrigestivill/postgres-backup-local:16\n    environment: { POSTGRES_HOST: db }\nvolumes: { pgdata")}`;
    expect(subjects({ "compose.yaml": services })).toEqual([]);
  });
});
