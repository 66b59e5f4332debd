/** How something is, told by a word and a colour. What is not known is grey, never green. */
import { Badge } from "@mantine/core";

export type StatusKind = "good" | "warning" | "bad" | "unknown";

const colours: Readonly<Record<StatusKind, string>> = { good: "green", warning: "yellow", bad: "red", unknown: "gray" };

/** On a narrow screen a sentence has several lines. */
const styles = {
  root: { height: "auto", minHeight: "var(--badge-height)", maxWidth: "100%" },
  label: { whiteSpace: "normal", textAlign: "start", lineHeight: 1.3, paddingBlock: 2 },
} as const;

export function Status({ kind, children }: { readonly kind: StatusKind; readonly children: React.ReactNode }) {
  return (
    <Badge
      variant="dot"
      color={colours[kind]}
      size="lg"
      tt="none"
      fw={500}
      c="var(--mantine-color-text)"
      styles={styles}
    >
      {children}
    </Badge>
  );
}
