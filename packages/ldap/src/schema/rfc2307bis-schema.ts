/** The built-in schema of servers whose groups are those of rfc2307bis. */
import { rfc2307bis } from "./built-in/nis.ts";
import { builtInSchema } from "./built-in-schema.ts";
import type { Schema } from "./schema.ts";

/** `builtInSchema` with the auxiliary posixGroup, groupOfMembers and the automount types of draft-howard-rfc2307bis-02. */
export const rfc2307bisSchema: Schema = builtInSchema.extend(rfc2307bis);
