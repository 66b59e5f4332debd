/** Dumps: programs and services that read a database or directory as it is at one moment. */
import type { Project } from "../../engine/project.ts";
import type { ShellCommand } from "../../inputs/shell.ts";
import { imageOf } from "../compose/image.ts";
import { servicesOf } from "../compose/service.ts";
import { commandsIn, programOf } from "../secrets/password-arguments.ts";
import { espalierBackups } from "./espalier-backups.ts";
import { namesOf, type StatefulVolume, type Store } from "./stateful-volumes.ts";

const dumpImages =
  /(?:postgres|pg|mysql|mariadb|mongo|ldap|db|database)-?(?:backup|dump)|backup-(?:postgres|mysql|mariadb|mongo|ldap)|pgbackrest|pgbackweb|barman|databasus|db-backup/;

/** Whether a script, a service or Espalier dumps what is in the volume. */
export function isDumped({ service, store, compose }: StatefulVolume, project: Project): boolean {
  const names = namesOf(service);
  const isOnly = compose.services.filter((each) => store.image.test(imageOf(each)?.name ?? "")).length === 1;
  const tells = (text: string) => names.some((name) => wordIn(text, name));
  for (const { file, commands } of project.of("shell")) {
    if (dumpsIn(commands, store).some(({ start, end }) => isOnly || tells(file.text.slice(start, end)))) return true;
  }
  for (const { service: other } of servicesOf(project)) {
    if (other === service || !dumpImages.test(imageOf(other)?.text ?? "")) continue;
    if (other.environment.some(({ value }) => value !== undefined && tells(value))) return true;
  }
  const published = new Set(service.ports.map(({ published: port }) => port).filter((port) => port !== undefined));
  return espalierBackups(project).some(({ host, port }) => {
    return (
      names.includes(host) || (/^(?:localhost|127\.|::1$)/.test(host) && port !== undefined && published.has(port))
    );
  });
}

/** `ssh` that runs `docker exec` that runs `sh -c`. */
const maxNesting = 3;

/** The commands that dump such a store; also inside of `docker exec`, `ssh` and `sh -c`. */
export function dumpsIn(commands: readonly ShellCommand[], { dumps }: Store): readonly ShellCommand[] {
  const isDump = (command: ShellCommand, depth: number): boolean =>
    command.words.some((word) => {
      if (dumps.includes(programOf(word))) return true;
      // A substitution is a word that is read as itself again.
      const isScript = depth < maxNesting && /\s/.test(word.text);
      return isScript && commandsIn(word.text).some((inner) => isDump(inner, depth + 1));
    });
  return commands.filter((command) => isDump(command, 0));
}

function wordIn(text: string, word: string): boolean {
  return new RegExp(`(?<![\\w-])${word.replaceAll(/[^\w]/g, "\\$&")}(?![\\w-])`).test(text);
}
