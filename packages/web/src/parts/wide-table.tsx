/** Around a table that may be wider than the screen: it scrolls by itself, also by the keyboard. */
import { Table } from "@mantine/core";

export interface WideTableProps {
  /** What the table is, for those who hear the page. */
  readonly label: string;
  /** In pixels; narrower than that, it scrolls. */
  readonly minWidth: number;
  readonly children: React.ReactNode;
}

export function WideTable({ label, minWidth, children }: WideTableProps) {
  const viewportProps = { tabIndex: 0, role: "region", "aria-label": label };
  return (
    <Table.ScrollContainer minWidth={minWidth} scrollAreaProps={{ viewportProps }}>
      {children}
    </Table.ScrollContainer>
  );
}
