/**
 * The link that a message about an approval carries. One is enough: its page shows who wants in, and asks. Buttons in the message
 * itself would decide without that, and whatever follows links there would press them.
 */
import type { ActionsFor } from "../deliveries/compose.ts";
import { type Approvals, approvalRequested } from "./approvals.ts";
import { decisionUrl } from "./link.ts";

/** @param publicUrl asked anew for each message */
export function approvalActions(approvals: Approvals, publicUrl: () => string | undefined): ActionsFor {
  return async ({ id: eventId, type, source, data }, { channel }) => {
    const id = data?.approval;
    const url = publicUrl();
    if (type !== approvalRequested || source !== "notify" || typeof id !== "string" || url === undefined) return [];
    const key = await approvals.linkKey(id, eventId);
    return key === undefined ? [] : [{ label: "Approve or reject", url: decisionUrl(url, { id, channel }, key) }];
  };
}
