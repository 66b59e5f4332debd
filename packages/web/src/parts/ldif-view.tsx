/** LDIF as it is read: what is added, and what is taken away, told by signs as well as colours. */
import { Code, ScrollArea } from "@mantine/core";

export interface LdifViewProps {
  readonly ldif: string;
  readonly label?: string;
}

export function LdifView({ ldif, label = "The change as LDIF" }: LdifViewProps) {
  return (
    <ScrollArea.Autosize mah="50dvh" type="auto" viewportProps={{ tabIndex: 0, role: "region", "aria-label": label }}>
      <Code block fz="sm">
        {ldif}
      </Code>
    </ScrollArea.Autosize>
  );
}
