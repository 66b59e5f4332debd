/** What the sessions of one proxy share. */
import type { DispatchOptions } from "./dispatch-options.ts";
import type { IdentityMode } from "./identity/identity-mode.ts";

export interface DispatchContext extends Omit<DispatchOptions, "identity"> {
  readonly mode: IdentityMode;
}
