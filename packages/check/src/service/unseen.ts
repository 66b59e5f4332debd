/** Whether a finding may still be there although it was not found: what it is about could not be looked at. */
import type { DocumentKind } from "../inputs/documents.ts";
import type { Unseen } from "../live/observation.ts";
import type { CurrentFinding } from "./current-finding.ts";

export function isUnseen(
  { subject }: Pick<CurrentFinding, "subject">,
  kinds: readonly DocumentKind[],
  unseen: readonly Unseen[],
): boolean {
  return unseen.some(
    ({ kind, subjects }) => kinds.includes(kind) && (subjects.length === 0 || subjects.includes(subject)),
  );
}
