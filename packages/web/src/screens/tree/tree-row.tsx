/** A row of the tree: plain elements, since all that are in sight become others with each frame of a fast scroll. */
import { Anchor, Loader, Text } from "@mantine/core";
import {
  IconChevronDown,
  IconChevronRight,
  IconFile,
  IconFolder,
  IconPinned,
  IconUser,
  IconUsersGroup,
} from "@tabler/icons-react";
import { memo } from "react";
import classes from "./directory-tree.module.css";
import type { Child, TreeRow } from "./tree-state.ts";

type Entry = Extract<TreeRow, { readonly kind: "entry" }>;

const indent = 18;

/** Of the row at an index, for whoever points at it. */
export function rowId(index: number): string {
  return `row-${index}`;
}

/** Of an id that {@link rowId} made. */
export function rowIndex(id = ""): number {
  return id.startsWith("row-") ? Number(id.slice(4)) : -1;
}

/** Where the words of a row begin. */
export function textLeft({ depth }: TreeRow): number {
  return depth * indent + 24;
}

function placeOf(depth: number, top: number) {
  return { transform: `translateY(${top}px)`, paddingLeft: depth * indent + 4 };
}

// Made once: what is the same element needs no comparing.
const chevrons = { open: <IconChevronDown size={16} />, closed: <IconChevronRight size={16} /> };
const pin = <IconPinned size={12} aria-hidden />;
const icons = {
  person: <IconUser size={16} aria-hidden className={classes.icon} />,
  group: <IconUsersGroup size={16} aria-hidden className={classes.icon} />,
  leaf: <IconFile size={16} aria-hidden className={classes.icon} />,
  branch: <IconFolder size={16} aria-hidden className={classes.icon} />,
};

/** What is the same for every state of the tree is compared, not the row, which is another with each page that comes. */
export interface EntryRowProps extends Omit<Entry, "kind"> {
  readonly index: number;
  /** In the whole tree. */
  readonly top: number;
  readonly isCurrent: boolean;
  readonly isSelected: boolean;
  /** What is dragged would be dropped here. */
  readonly isTarget: boolean;
  readonly isMovable: boolean;
}

/** The tree listens for it. Its button is the one that opens it. */
export const EntryRow = memo(function EntryRow(props: EntryRowProps) {
  const { child, depth, isOpen, isPinned, index, top, isCurrent, isSelected, isTarget, isMovable } = props;
  return (
    <div
      id={rowId(index)}
      role="treeitem"
      aria-level={depth + 1}
      aria-expanded={child.hasChildren === "no" ? undefined : isOpen}
      aria-selected={isSelected}
      className={`${classes.row} ${classes.entry} ${isCurrent ? classes.current : ""} ${isTarget ? classes.target : ""}`}
      style={placeOf(depth, top)}
      title={child.dn}
      draggable={isMovable}
    >
      {child.hasChildren === "no" ? (
        <span className={classes.chevron} />
      ) : (
        <button type="button" className={`mantine-active ${classes.chevron}`} tabIndex={-1} aria-hidden>
          {isOpen ? chevrons.open : chevrons.closed}
        </button>
      )}
      {icons[kindOf(child)]}
      <p className={classes.name}>{depth === 0 ? child.dn : child.rdn}</p>
      {isPinned && <p className={`${classes.note} ${classes.pinned}`}>{pin} its place is further down</p>}
      {child.childCount !== undefined && child.childCount > 0 && (
        <p className={classes.note}>{child.childCount.toLocaleString()}</p>
      )}
    </div>
  );
});

export interface OtherRowProps {
  readonly row: Exclude<TreeRow, Entry>;
  readonly index: number;
  readonly top: number;
  readonly onRetry: (dn: string) => void;
}

/** What stands where entries are on their way, could not be read, or are none. */
export function OtherRow({ row, index, top, onRetry }: OtherRowProps) {
  return (
    <div
      id={rowId(index)}
      role="treeitem"
      aria-selected={false}
      className={classes.row}
      style={placeOf(row.depth, top)}
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

const personClass = /^(inetorgperson|posixaccount|person|account|user)$/i;
const groupClass = /^(groupofnames|groupofuniquenames|groupofmembers|posixgroup|group)$/i;

function kindOf({ objectClasses, hasChildren }: Child): keyof typeof icons {
  if (objectClasses.some((name) => personClass.test(name))) return "person";
  if (objectClasses.some((name) => groupClass.test(name))) return "group";
  return hasChildren === "no" ? "leaf" : "branch";
}
