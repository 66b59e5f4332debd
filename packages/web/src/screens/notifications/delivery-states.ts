/** What the states of messages are called, and how they are. */
import type { ApiOutput } from "../../api/client.ts";
import type { StatusKind } from "../../parts/status.tsx";

export type DeliveryState = ApiOutput<"GET /notifications/deliveries">["deliveries"][number]["state"];

export const stateNames: Readonly<Record<DeliveryState, readonly [name: string, kind: StatusKind]>> = {
  pending: ["waits", "unknown"],
  sending: ["being sent", "unknown"],
  delivered: ["arrived", "good"],
  dead: ["given up", "bad"],
  expired: ["no longer wanted", "unknown"],
};
