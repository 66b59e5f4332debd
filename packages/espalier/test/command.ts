/** The command as a user runs it, over tables of a test's own. */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { espalierCommand } from "../../../tests/lab/espalier.ts";
import { childEnvironment } from "../../../tests/lab/programs.ts";
import { tableQueries, UserTables } from "../../gateway/test/support/user-tables.ts";

export const password = "secret";

/** Ann, Bob and thirty others in `staff`; everybody's password is {@link password}. */
export function staffTables(): UserTables {
  const tables = new UserTables();
  const stored = `{SHA}${createHash("sha1").update(password).digest("base64")}`;
  tables.together(() => {
    for (const [i, username] of ["ann", "bob", ...Array.from({ length: 30 }, (_, n) => `user${n}`)].entries()) {
      tables.putUser(i, { username, uid_number: 1000 + i, gid_number: 5, password: stored });
      tables.join(username, "staff");
    }
    tables.putGroup(1, { name: "staff", gid_number: 5 });
  });
  return tables;
}

/** The variables that serve the tables. */
export function environmentOf(tables: UserTables): Record<string, string> {
  return {
    SQL_URI: tables.url,
    SQL_QUERY_ALL_USERS: tableQueries.allUsers,
    SQL_QUERY_ONE_USER: tableQueries.oneUser,
    SQL_QUERY_ALL_GROUPS: tableQueries.allGroups,
    SQL_QUERY_GROUPS_BY_MEMBER: tableQueries.groupsByMember,
    SQL_QUERY_ALL_MEMBERSHIPS: tableQueries.memberships!,
  };
}

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command that ends by itself. */
export function espalier(
  parameters: readonly string[],
  environment: Record<string, string | undefined>,
  folder: string,
): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [espalierCommand, ...parameters], {
    env: childEnvironment(environment),
    cwd: folder,
    encoding: "utf8",
    timeout: 20_000,
  });
  return { exitCode: status, stdout, stderr };
}
