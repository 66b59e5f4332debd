/** What `espalier notify approvals unlock` does: a user is asked again whom nobody may ask after rejections or a `not me`. */
import { unlockApprovals } from "@espalier/notify";
import { exitCode } from "../exit-code.ts";
import { visible } from "./visible.ts";
import { type StoreAccess, withStore } from "./with-store.ts";

interface Output {
  write(text: string): unknown;
}

/** Resolves to the exit code. @param actor who does it, for the audit trail @throws ConfigurationError */
export function unlockUser(access: StoreAccess, username: string, actor: string, out: Output): Promise<number> {
  return withStore(access, async ({ store, log }) => {
    if ((await unlockApprovals(store, log, { username, actor })) === 0) {
      process.stderr.write(`${visible(username)} is not locked: logins of theirs are asked about, if not too often.\n`);
      return exitCode.usage;
    }
    out.write(`${visible(username)} is asked again. Make sure that nobody else has the password any more.\n`);
    return exitCode.ok;
  });
}
