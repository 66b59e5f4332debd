import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import type { ComposeService } from "../../inputs/compose/compose-project.ts";
import type { ShellScript } from "../../inputs/shell.ts";
import { programOf } from "../secrets/password-arguments.ts";
import { dumpsIn, isDumped } from "./dumps.ts";
import { type FileCopy, fileCopies, hostFoldersCopied, volumesCopied } from "./file-copies.ts";
import { describeSource, type StatefulVolume, type Store, statefulVolumes, stores } from "./stateful-volumes.ts";

export const bkp003 = defineRule({
  id: "BKP003",
  title: "live database copied as files",
  severity: "high",
  profile: "lab",
  reads: ["shell", "compose"],
  fix: "none",
  explanation: `The files of a running database or directory change while they are copied: the copy holds pages of different moments, and may not open at all. It looks like a backup, also when the archive is listed; that shows only that the archive can be read.

Let the server itself say what it holds: \`pg_dump\` or \`pg_basebackup\`, \`mariadb-dump --single-transaction\` or \`mariadb-backup\`, \`slapcat\`, or \`espalier backup create\`. Or stop the server while its files are copied.`,
  references: [
    "PostgreSQL documentation, 26.2 (file system level backup)",
    "OpenLDAP Administrator's Guide, 18.1 (directory backups)",
    "MariaDB documentation, “Backup and Restore Overview”",
  ],
  *find(project) {
    const volumes = [...statefulVolumes(project)];
    for (const copy of fileCopies(project)) {
      if (copy.script !== undefined && isStoppedBefore(copy, copy.script)) continue;
      const copied = volumesCopied(copy, volumes).filter(
        (volume) => !isStoppedMeanwhile(volume.service) && !isDumped(volume, project),
      );
      if (copied.length > 0) yield foundVolumes(copy, copied);
      else yield* foundFolders(copy, project, volumes);
    }
  },
});

function foundVolumes(copy: FileCopy, volumes: readonly StatefulVolume[]): Found {
  const services = [...new Map(volumes.map((volume) => [volume.service.name, volume])).values()];
  const [first] = volumes;
  const who = listed(services.map(({ service, store }) => `${service.name} (${store.name})`));
  const where = volumes.length === 1 && first !== undefined ? describeSource(first.source) : "the files";
  return {
    ...{ subject: copy.subject, at: copy.at },
    message: `${copy.program} copies ${where} of ${who} while ${services.length === 1 ? "it runs" : "they run"}`,
    value: services.map(({ service }) => service.name),
    fix: `Dump first, and copy the dump in place of the files; or stop the server while they are copied:\n${services.map(({ service, store }) => store.dumpLine(service.name)).join("\n")}`,
  };
}

/** What no compose file among those that were read tells more of. */
function* foundFolders(copy: FileCopy, project: Project, volumes: readonly StatefulVolume[]): Generator<Found> {
  const { script, subject, at, program } = copy;
  if (script === undefined) return;
  for (const { path, store } of hostFoldersCopied(copy)) {
    if (dumpsIn(script.commands, store).length > 0) continue;
    yield {
      ...{ subject, at, value: path },
      message: `${program} copies ${path}, where ${store.name} keeps its data, while it runs`,
      fix: `Dump it, and copy the dump: ${store.dumps.slice(0, 2).join(" or ")}. Or stop the server while its files are copied.`,
    };
  }
  const whole = copy.sources.find((source) => "path" in source && /(?:^|\/)volumes\/?$/.test(source.path));
  if (whole === undefined || volumes.length > 0 || project.of("compose").length > 0 || dumpsAnything(script)) return;
  yield {
    ...{ subject, at, value: "volumes" },
    message: `${program} copies a whole folder of volumes, and with it the files of whatever database or directory runs there`,
    fix: "Dump each database and directory (pg_dump, mariadb-dump --single-transaction, slapcat), and copy the dumps; or stop the services while their files are copied.",
  };
}

function dumpsAnything({ commands }: ShellScript): boolean {
  return stores.some((store: Store) => dumpsIn(commands, store).length > 0);
}

/** `docker compose stop`, `systemctl stop`: what is copied then does not run. */
function isStoppedBefore({ command }: FileCopy, { commands }: ShellScript): boolean {
  return commands.some(({ words, start }) => {
    const [first] = words;
    if (command === undefined || start >= command.start || first === undefined) return false;
    const program = programOf(first);
    const texts = words.map(({ text }) => text);
    if (/^(?:docker|docker-compose|podman|podman-compose)$/.test(program))
      return texts.some((text) => /^(?:stop|down|pause)$/.test(text));
    return /^(?:systemctl|service|rc-service)$/.test(program) && texts.includes("stop");
  });
}

/** What the label of docker-volume-backup asks for. */
function isStoppedMeanwhile({ node }: ComposeService): boolean {
  const labels = node.get("labels");
  const texts = [
    ...(labels?.items() ?? []).map(({ text = "" }) => text),
    ...(labels?.entries() ?? []).map(([key, { text }]) => `${key}=${text}`),
  ];
  return texts.some((text) => /^docker-volume-backup\.(?:stop-during-backup|exec-pre|archive-pre)=/.test(text));
}

function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
