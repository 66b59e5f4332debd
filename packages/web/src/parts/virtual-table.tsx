/** A table of any length: only the rows that can be seen are drawn. Sorted by what has come so far. */
import { Box, Checkbox, Loader, Text, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  sortFn_alphanumeric,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import classes from "./virtual-table.module.css";

export interface TableColumn<Row> {
  readonly id: string;
  readonly header: string;
  /** What rows are sorted by, and what is shown where `cell` does not say otherwise. */
  readonly value: (row: Row) => string | number | undefined;
  readonly cell?: (row: Row) => React.ReactNode;
  /** CSS grid track; `minmax(140px, 1fr)` unless set. */
  readonly width?: string;
}

export interface VirtualTableProps<Row> {
  /** What the rows are, for those who hear the page. */
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly TableColumn<Row>[];
  readonly rowKey: (row: Row) => string;
  readonly onOpen?: (row: Row) => void;
  readonly selection?: ReadonlySet<string>;
  readonly onSelect?: (selection: ReadonlySet<string>) => void;
  /** Called when the end comes near, to fetch more. */
  readonly onEnd?: () => void;
  readonly isFetching?: boolean;
  readonly height?: string;
}

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric },
});
const rowHeight = 40;
const overscan = 12;
const nearEnd = 30;

export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { label, rows: data, columns, rowKey, onOpen, selection, onSelect, onEnd, isFetching = false } = props;
  const { height = "min(70dvh, 900px)" } = props;
  const definitions = useMemo(() => {
    const helper = createColumnHelper<typeof features, Row & object>();
    return columns.map(({ id, header, value }) =>
      helper.accessor((row): unknown => value(row), { id, header, sortFn: "alphanumeric", sortUndefined: "last" }),
    );
  }, [columns]);
  const table = useTable({
    features,
    columns: definitions,
    data: data as (Row & object)[],
    getRowId: (row: Row) => rowKey(row),
  });
  const { rows } = table.getRowModel();
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan,
  });
  const items = virtualizer.getVirtualItems();
  const lastSeen = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && lastSeen >= rows.length - nearEnd) onEnd?.();
  }, [lastSeen, rows.length, onEnd]);
  const isSelectable = selection !== undefined && onSelect !== undefined;
  const tracks = columns.map(({ width = "minmax(140px, 1fr)" }) => width).join(" ");
  const template = { gridTemplateColumns: isSelectable ? `40px ${tracks}` : tracks };
  const isAll = isSelectable && rows.length > 0 && rows.every(({ id }) => selection.has(id));
  const toggle = (id: string) => {
    const next = new Set(selection);
    if (!next.delete(id)) next.add(id);
    onSelect?.(next);
  };
  return (
    <div
      ref={scroller}
      className={classes.scroller}
      style={{ maxHeight: height }}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled must be reachable by the keyboard
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      <div role="table" aria-label={label} aria-rowcount={rows.length + 1} className={classes.table}>
        <div role="rowgroup" className={classes.head}>
          <div role="row" aria-rowindex={1} className={classes.row} style={template}>
            {isSelectable && (
              <div role="columnheader" className={classes.cell}>
                <Checkbox
                  size="xs"
                  aria-label="Select all that are shown"
                  checked={isAll}
                  onChange={() => onSelect(new Set(isAll ? [] : rows.map(({ id }) => id)))}
                />
              </div>
            )}
            {table.getHeaderGroups()[0]?.headers.map((header) => {
              const sorted = header.column.getIsSorted();
              return (
                <div
                  key={header.id}
                  role="columnheader"
                  className={classes.cell}
                  aria-sort={sorted === false ? "none" : sorted === "asc" ? "ascending" : "descending"}
                >
                  <UnstyledButton className={classes.sort} onClick={() => header.column.toggleSorting()}>
                    <Text span size="sm" fw={600}>
                      {String(header.column.columnDef.header)}
                    </Text>
                    {sorted === "asc" && <IconArrowUp size={14} aria-hidden />}
                    {sorted === "desc" && <IconArrowDown size={14} aria-hidden />}
                  </UnstyledButton>
                </div>
              );
            })}
          </div>
        </div>
        <div role="rowgroup" style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
          {items.map(({ index, start }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              <div
                key={row.id}
                role="row"
                aria-rowindex={index + 2}
                className={`${classes.row} ${classes.placed} ${onOpen === undefined ? "" : classes.opens}`}
                style={{ ...template, height: rowHeight, transform: `translateY(${start}px)` }}
              >
                {isSelectable && (
                  <div role="cell" className={classes.cell}>
                    <Checkbox
                      size="xs"
                      aria-label={`Select ${row.id}`}
                      checked={selection.has(row.id)}
                      onChange={() => toggle(row.id)}
                    />
                  </div>
                )}
                {columns.map((column, at) => {
                  const content = column.cell?.(row.original) ?? column.value(row.original) ?? "";
                  return (
                    <div key={column.id} role="cell" className={classes.cell}>
                      {at === 0 && onOpen !== undefined ? (
                        <UnstyledButton className={classes.open} onClick={() => onOpen(row.original)}>
                          {content}
                        </UnstyledButton>
                      ) : (
                        content
                      )}
                    </div>
                  );
                })}
              </div>
            );
          })}
        </div>
      </div>
      {isFetching && (
        <Box ta="center" p="xs">
          <Loader size="sm" aria-label="Loading more" />
        </Box>
      )}
    </div>
  );
}
