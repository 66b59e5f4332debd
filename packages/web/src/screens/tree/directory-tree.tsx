/** The tree itself: as many rows as can be seen are drawn, whatever is below one entry. Arrow keys as in any tree. */
import { ActionIcon, Anchor, Loader, Text } from "@mantine/core";
import {
  IconChevronDown,
  IconChevronRight,
  IconFile,
  IconFolder,
  IconPinned,
  IconUser,
  IconUsersGroup,
} from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useRef, useState } from "react";
import classes from "./directory-tree.module.css";
import { type Child, mayMoveBelow, type TreeRow } from "./tree-state.ts";
import { useRowDrag } from "./use-row-drag.ts";

export interface DirectoryTreeProps {
  readonly rows: readonly TreeRow[];
  readonly selected: string | undefined;
  /** Is scrolled to once it is there. */
  readonly sought: string | undefined;
  readonly onSelect: (dn: string) => void;
  readonly onToggle: (dn: string, isOpen: boolean) => void;
  readonly onMore: (dn: string) => void;
  readonly onRetry: (dn: string) => void;
  /** What can be done with an entry is asked for, there in the window. */
  readonly onMenu: (child: Child, x: number, y: number) => void;
  /** One was dragged onto another; undefined where nothing may be moved. */
  readonly onMove: ((dn: string, newParent: string) => void) | undefined;
}

const rowHeight = 32;
const indent = 18;

export function DirectoryTree(props: DirectoryTreeProps) {
  const { rows, selected, sought, onSelect, onToggle, onMore, onRetry, onMenu, onMove } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState(0);
  const cursorDn = useRef<string | undefined>(undefined);
  const putCursor = useCallback(
    (index: number) => {
      cursorDn.current = dnOf(rows[index]);
      setCursor(index);
    },
    [rows],
  );
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 20,
  });
  const items = virtualizer.getVirtualItems();
  // The rest of a long level is fetched as it comes near.
  useEffect(() => {
    for (const { index } of items) {
      const row = rows[index];
      if (row?.kind === "more") onMore(row.dn);
    }
  }, [items, rows, onMore]);
  // An address leads to the entry, once it is there.
  const shown = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (sought === undefined || shown.current === sought) return;
    const wanted = sought.toLowerCase();
    const index = rows.findIndex((row) => row.kind === "entry" && row.child.dn.toLowerCase() === wanted);
    if (index < 0) return;
    shown.current = sought;
    putCursor(index);
    virtualizer.scrollToIndex(index, { align: "center" });
  }, [rows, sought, virtualizer, putCursor]);
  // The rest of a level comes above others: the row that the keys are at stays that of its entry.
  useEffect(() => {
    if (cursorDn.current === undefined || dnOf(rows[cursor]) === cursorDn.current) return;
    const index = rows.findIndex((row) => dnOf(row) === cursorDn.current);
    if (index < 0) return;
    setCursor(index);
    virtualizer.scrollToIndex(index);
  }, [rows, cursor, virtualizer]);
  const drag = useRowDrag({ isAllowed: mayMoveBelow, onDrop: onMove, onHover: (dn) => onToggle(dn, true) });
  const openMenu = (index: number) => {
    const row = rows[index];
    const box = document.getElementById(`row-${index}`)?.getBoundingClientRect();
    if (row?.kind === "entry" && box !== undefined) onMenu(row.child, box.left + row.depth * indent + 24, box.bottom);
  };
  const move = (index: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    putCursor(next);
    virtualizer.scrollToIndex(next);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const row = rows[cursor];
    // biome-ignore-start lint/correctness/noComponentHookFactories: keys of the keyboard
    const keys: Readonly<Record<string, () => void>> = {
      ArrowDown: () => move(cursor + 1),
      ArrowUp: () => move(cursor - 1),
      Home: () => move(0),
      End: () => move(rows.length - 1),
      PageDown: () => move(cursor + 15),
      PageUp: () => move(cursor - 15),
      ArrowRight: () => {
        if (row?.kind !== "entry") return;
        if (!row.isOpen && row.child.hasChildren !== "no") onToggle(row.child.dn, true);
        else if (row.isOpen) move(cursor + 1);
      },
      ArrowLeft: () => {
        if (row?.kind === "entry" && row.isOpen) onToggle(row.child.dn, false);
        else if (row !== undefined) move(rows.findLastIndex(({ depth }, at) => at < cursor && depth < row.depth));
      },
      Enter: () => row?.kind === "entry" && onSelect(row.child.dn),
      ContextMenu: () => openMenu(cursor),
      ...(event.shiftKey ? { F10: () => openMenu(cursor) } : {}),
    };
    // biome-ignore-end lint/correctness/noComponentHookFactories: keys of the keyboard
    const action = keys[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  return (
    <div
      ref={scroller}
      className={classes.tree}
      role="tree"
      aria-label="Directory"
      tabIndex={0}
      aria-activedescendant={`row-${cursor}`}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
        {items.map(({ index, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          const style = { height: rowHeight, transform: `translateY(${start}px)`, paddingLeft: row.depth * indent + 4 };
          const isCurrent = index === cursor;
          if (row.kind !== "entry") {
            return (
              <div
                key={`${row.kind} ${row.dn}`}
                id={`row-${index}`}
                role="treeitem"
                aria-selected={false}
                className={classes.row}
                style={style}
              >
                {row.kind === "failed" ? (
                  <Text size="sm" c="red" truncate>
                    {row.error instanceof Error ? row.error.message : "It could not be read."}{" "}
                    <Anchor component="button" size="sm" onClick={() => onRetry(row.dn)}>
                      Try again
                    </Anchor>
                  </Text>
                ) : row.kind === "empty" ? (
                  <Text size="sm" c="dimmed">
                    Nothing below that you may see
                  </Text>
                ) : (
                  <Loader size="xs" aria-label="Loading" />
                )}
              </div>
            );
          }
          const { child, isOpen, isPinned } = row;
          const isTarget = drag.target === child.dn;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the tree as a whole takes the keys
            <div
              key={isPinned ? `pinned ${child.dn}` : child.dn}
              id={`row-${index}`}
              role="treeitem"
              aria-level={row.depth + 1}
              aria-expanded={child.hasChildren === "no" ? undefined : isOpen}
              aria-selected={child.dn === selected}
              className={`${classes.row} ${classes.entry} ${isCurrent ? classes.current : ""} ${isTarget ? classes.target : ""}`}
              style={style}
              title={child.dn}
              {...drag.rowProps(child.dn, {
                isMovable: row.depth > 0,
                isClosed: !isOpen && child.hasChildren !== "no",
              })}
              onContextMenu={(event) => {
                event.preventDefault();
                putCursor(index);
                onMenu(child, event.clientX, event.clientY);
              }}
              onClick={() => {
                putCursor(index);
                onSelect(child.dn);
              }}
            >
              {child.hasChildren === "no" ? (
                <span className={classes.chevron} />
              ) : (
                <ActionIcon
                  size="sm"
                  variant="subtle"
                  color="gray"
                  tabIndex={-1}
                  aria-hidden
                  onClick={(event) => {
                    event.stopPropagation();
                    putCursor(index);
                    onToggle(child.dn, !isOpen);
                  }}
                >
                  {isOpen ? <IconChevronDown size={16} /> : <IconChevronRight size={16} />}
                </ActionIcon>
              )}
              <KindIcon child={child} />
              <Text size="sm" truncate>
                {row.depth === 0 ? child.dn : child.rdn}
              </Text>
              {isPinned && (
                <Text size="xs" c="dimmed" className={classes.pinned}>
                  <IconPinned size={12} aria-hidden /> its place is further down
                </Text>
              )}
              {child.childCount !== undefined && child.childCount > 0 && (
                <Text size="xs" c="dimmed">
                  {child.childCount.toLocaleString()}
                </Text>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function dnOf(row: TreeRow | undefined): string | undefined {
  return row?.kind === "entry" ? row.child.dn : undefined;
}

function KindIcon({ child }: { readonly child: Child }) {
  const classNames = child.objectClasses.map((name) => name.toLowerCase());
  const has = (...names: readonly string[]) => names.some((name) => classNames.includes(name));
  const Icon = has("inetorgperson", "posixaccount", "person", "account", "user")
    ? IconUser
    : has("groupofnames", "groupofuniquenames", "groupofmembers", "posixgroup", "group")
      ? IconUsersGroup
      : child.hasChildren === "no"
        ? IconFile
        : IconFolder;
  return <Icon size={16} aria-hidden className={classes.icon} />;
}
