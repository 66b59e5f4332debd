/** The names of users and groups by their numbers, as this machine's /etc/passwd and /etc/group have them. */
import { readFileSync } from "node:fs";

export interface Accounts {
  readonly users: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<number, string>;
}

export function readAccounts(): Accounts {
  return { users: namesIn("/etc/passwd"), groups: namesIn("/etc/group") };
}

/** Where the file is not there, as on other systems, nobody is known. */
function namesIn(path: string): ReadonlyMap<number, string> {
  try {
    const lines = readFileSync(path, "utf8").split("\n");
    return new Map(
      lines.flatMap((line) => {
        const [name, , number] = line.split(":");
        return name !== undefined && number !== undefined && /^\d+$/.test(number) ? [[Number(number), name]] : [];
      }),
    );
  } catch {
    return new Map();
  }
}
