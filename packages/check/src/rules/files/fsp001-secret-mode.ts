import { resolve } from "node:path";
import type { Project } from "../../engine/project.ts";
import { defineRule } from "../../engine/rule.ts";
import type { Accounts } from "../../inputs/accounts.ts";
import { composeSecretFiles, type SecretFile, secretFiles } from "./secret-files.ts";

export const fsp001 = defineRule({
  id: "FSP001",
  title: "secret file can be read by others",
  severity: "high",
  profile: "production",
  reads: ["file", "binaryFile"],
  fix: "safe",
  explanation: `Whoever can log in to the machine, and every program that is broken into there, reads what its mode allows. A file with a key, a password or cached credentials is for its owner alone: 0600.

0640 is all right where the group has a name on this machine (it is looked up in /etc/group) and is not one that everybody is in, such as users: somebody made it for this. A group that is only a number belongs to nobody yet.`,
  references: [
    "CIS Controls v8, 3.3 (access to data)",
    "chmod(1)",
    "sssd(8) and OpenSSH: both refuse secrets that others can read",
  ],
  *find(project) {
    const accounts = project.of("accounts")[0] ?? { users: new Map(), groups: new Map() };
    const mounted = mountedFiles(project);
    for (const secret of secretFiles(project)) {
      const { path, mode, uid, file, what } = secret;
      if (mode === undefined) continue;
      const where = { subject: path, path: "", ...(file === undefined ? {} : { at: file.locate(0) }) };
      const isMounted = file !== undefined && mounted.has(file.absolutePath);
      const readers = readersOf(secret, accounts);
      if (readers !== undefined) {
        const wanted = mode & 0o600;
        const chmod = `chmod ${octal(wanted)} '${path}'`;
        yield {
          ...where,
          message: `${path} holds ${what} and has mode ${octal(mode)}: ${readers}`,
          value: octal(mode),
          fix: isMounted
            ? `A container reads it: let it belong to the user that the container runs as, then take it from the others.\nchown UID '${path}' && ${chmod}`
            : chmod,
          edits: isMounted ? [] : [{ kind: "chmod", file: path, mode: wanted }],
        };
      } else if (uid !== undefined && accounts.users.size > 0 && !accounts.users.has(uid) && !isMounted) {
        yield {
          ...where,
          message: `${path} holds ${what} and belongs to user ${uid}, whom this machine does not know`,
          severity: "medium",
          value: uid,
          fix: `The next account that is given this number can read it:\nchown root: '${path}'`,
        };
      }
    }
  },
});

/** Groups that are not made for a purpose. */
const everybody: ReadonlySet<string> = new Set(["users", "nogroup", "nobody"]);

/** Who can read it that should not; undefined where nobody can. */
function readersOf({ mode = 0, gid }: SecretFile, { groups }: Accounts): string | undefined {
  if ((mode & 0o007) !== 0) return "everybody on the machine can read or change it";
  if ((mode & 0o030) !== 0) return "its group can change or run it";
  if ((mode & 0o040) === 0) return undefined;
  const group = gid === undefined ? undefined : groups.get(gid);
  if (group === undefined) return `its group ${gid ?? ""} has no name on this machine, and can read it`;
  return everybody.has(group) ? `the group ${group}, which everybody is in, can read it` : undefined;
}

/** What containers read, as whatever user they run as. */
function mountedFiles(project: Project): ReadonlySet<string> {
  const files = new Set(composeSecretFiles(project).map(({ file }) => file.absolutePath));
  for (const { services } of project.of("compose")) {
    for (const { mounts } of services) {
      for (const { file } of mounts) if (file !== undefined) files.add(resolve(project.root, file));
    }
  }
  return files;
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
