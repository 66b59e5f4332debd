/** Passwords of Active Directory, which has no Password Modify operation: MS-ADTS §3.1.1.3.1.5. */
import type { Change } from "@espalier/ldap";

/** In quotation marks, as UTF-16. The server takes it over TLS alone, applies its policy and keeps a hash. */
function unicodePwd(password: string): Uint8Array {
  return Buffer.from(`"${password}"`, "utf16le");
}

/** With the old password its owner changes it, without one somebody who may resets it. */
export function unicodePwdChanges(newPassword: string, oldPassword: string | undefined): Change[] {
  const change = (operation: "add" | "delete" | "replace", password: string): Change => {
    return { operation, modification: { type: "unicodePwd", values: [unicodePwd(password)] } };
  };
  if (oldPassword === undefined) return [change("replace", newPassword)];
  return [change("delete", oldPassword), change("add", newPassword)];
}
