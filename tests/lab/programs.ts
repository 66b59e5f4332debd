/** The programs of the machine that a test file needs: where they are missing its tests are skipped, in CI they fail. */
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { describe } from "vitest";

/** Debian keeps servers in the sbin folders, which an ordinary user's PATH leaves out, and PostgreSQL's in a folder of its own. */
const path = [
  ...(process.env.PATH ?? "").split(delimiter),
  "/usr/local/sbin",
  "/usr/sbin",
  "/sbin",
  "/usr/lib/postgresql/15/bin",
];

/** True where a missing program must fail the run instead of skipping tests. */
export const isContinuousIntegration = process.env.CI === "true";

/** The environment that a child process is started with: this process's own, and `changes` over it. */
export function childEnvironment(changes: Readonly<Record<string, string | undefined>> = {}): NodeJS.ProcessEnv {
  return { ...process.env, PATH: path.join(delimiter), ...changes };
}

/** The absolute path of a program given by name or by absolute path, or `undefined` where it is not installed. */
export function findProgram(program: string): string | undefined {
  const candidates = isAbsolute(program) ? [program] : path.map((folder) => join(folder, program));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, isAbsolute(program) ? constants.R_OK : constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The absolute path of a program that the test file required. @throws Error that names the program where it is missing. */
export function programPath(program: string): string {
  const found = findProgram(program);
  if (found === undefined) throw new Error(`${program} is not installed; scripts/install-servers.sh installs it`);
  return found;
}

export interface Requirements {
  /** The tests write to places that only root may, as SSSD's sockets and PAM's configuration are. */
  readonly root?: boolean;
}

/**
 * The `describe` of a test file that needs `programs`: names or absolute paths, each with the Debian package that
 * brings it. Where one is missing it skips the tests, and says so in one line:
 *
 *     const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });
 *     describe("a search", () => …);
 *
 * Servers are started in hooks inside of that `describe`, which do not run when it skips.
 *
 * @throws Error in CI (`CI=true`) where something is missing, so that the test file fails.
 */
export function requirePrograms(
  programs: Readonly<Record<string, string>>,
  { root = false }: Requirements = {},
): typeof describe | typeof describe.skip {
  const lacking = Object.entries(programs).filter(([program]) => findProgram(program) === undefined);
  const packages = [...new Set(lacking.map(([, debianPackage]) => debianPackage))];
  const reasons = [
    ...(packages.length > 0 ? [`the Debian packages ${packages.join(", ")} (scripts/install-servers.sh)`] : []),
    ...(root && process.getuid?.() !== 0 ? ["to be run as root"] : []),
  ];
  if (reasons.length === 0) return describe;
  const sentence = `needs ${reasons.join(" and ")}`;
  if (isContinuousIntegration) throw new Error(`This test file ${sentence}`);
  console.log(`Skipped: this test file ${sentence}`);
  return describe.skip;
}
