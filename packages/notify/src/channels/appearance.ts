/** How a message's gravity is shown, the same in every channel. Its title says it in words already. */
import type { Severity } from "@espalier/service";
import type { Message } from "./message.ts";

export type Gravity = Severity | "resolved";

export function gravityOf({ status, severity }: Pick<Message, "status" | "severity">): Gravity {
  return status === "resolved" ? "resolved" : severity;
}

/** For channels that have no colours. */
export const symbols: Readonly<Record<Gravity, string>> = {
  critical: "🔴",
  high: "🟠",
  medium: "🟡",
  low: "🔵",
  info: "⚪",
  resolved: "🟢",
};

/** `#rrggbb`, to be seen on white and on black. */
export const colours: Readonly<Record<Gravity, string>> = {
  critical: "#d92d20",
  high: "#e04f16",
  medium: "#ca8504",
  low: "#2e6fde",
  info: "#667085",
  resolved: "#16a34a",
};
