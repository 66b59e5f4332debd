/** The tree itself: as many rows as can be seen are drawn, whatever is below one entry. Arrow keys as in any tree. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useRef, useState } from "react";
import classes from "./directory-tree.module.css";
import { EntryRow, OtherRow, rowId, rowIndex, textLeft } from "./tree-row.tsx";
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
/** Above and below what is in sight. */
const overscan = 10;

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
    overscan,
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
  /** The row that a part of the page belongs to. */
  const entryAt = (target: EventTarget) => {
    const index = target instanceof Element ? rowIndex(target.closest("[role=treeitem]")?.id) : -1;
    const row = rows[index];
    return row?.kind === "entry" ? { index, row } : undefined;
  };
  const drag = useRowDrag({
    rowAt: (target) => {
      const row = entryAt(target)?.row;
      return row && { dn: row.child.dn, isClosed: !row.isOpen && row.child.hasChildren !== "no" };
    },
    isAllowed: mayMoveBelow,
    onDrop: onMove,
    onHover: (dn) => onToggle(dn, true),
  });
  const onClick = ({ target }: React.MouseEvent) => {
    const at = entryAt(target);
    if (at === undefined) return;
    putCursor(at.index);
    const { child, isOpen } = at.row;
    if (target instanceof Element && target.closest("button") !== null) onToggle(child.dn, !isOpen);
    else onSelect(child.dn);
  };
  const onContextMenu = (event: React.MouseEvent) => {
    const at = entryAt(event.target);
    if (at === undefined) return;
    event.preventDefault();
    putCursor(at.index);
    onMenu(at.row.child, event.clientX, event.clientY);
  };
  const openMenu = (index: number) => {
    const row = rows[index];
    if (row?.kind !== "entry") return;
    // It may have been scrolled out of sight, where it has no element.
    virtualizer.scrollToIndex(index);
    const box = document.getElementById(rowId(index))?.getBoundingClientRect();
    const { left, top } = scroller.current!.getBoundingClientRect();
    onMenu(row.child, (box?.left ?? left) + textLeft(row), box?.bottom ?? top);
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
      aria-activedescendant={rowId(cursor)}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onContextMenu={onContextMenu}
      {...drag.handlers}
    >
      <div role="presentation" style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
        {items.map(({ index, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          // By its place in sight: its element becomes another entry's, which is less work than another element.
          const key = index - items[0]!.index;
          if (row.kind !== "entry") return <OtherRow key={key} row={row} index={index} top={start} onRetry={onRetry} />;
          const { child, depth, isOpen, isPinned } = row;
          return (
            <EntryRow
              key={key}
              {...{ child, depth, isOpen, isPinned, index }}
              top={start}
              isCurrent={index === cursor}
              isSelected={child.dn === selected}
              isTarget={child.dn === drag.target}
              isMovable={onMove !== undefined && depth > 0}
            />
          );
        })}
      </div>
    </div>
  );
}

function dnOf(row: TreeRow | undefined): string | undefined {
  return row?.kind === "entry" ? row.child.dn : undefined;
}
