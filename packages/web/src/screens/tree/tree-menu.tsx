/** What can be done with an entry of the tree, where it was asked for. */
import { Menu } from "@mantine/core";
import { useEffect, useState } from "react";
import { type DialogKind, dialogKinds, dialogLabels } from "../entry/entry-view.tsx";
import { type Child, isPerson } from "./tree-state.ts";

export interface TreeMenuAt {
  readonly child: Child;
  /** In the window. */
  readonly x: number;
  readonly y: number;
}

export interface TreeMenuProps {
  readonly at: TreeMenuAt;
  readonly mayWrite: boolean;
  readonly onClose: () => void;
  readonly onShow: (dn: string) => void;
  readonly onDialog: (kind: DialogKind, dn: string) => void;
}

/** Without `keydown`: the key that opens it would close it. */
const outside = ["mousedown", "touchstart"];

/** Where the menu hangs. */
const invisible = { position: "fixed", width: 0, height: 0, padding: 0, border: 0 } as const;

export function TreeMenu({ at: { child, x, y }, mayWrite, onClose, onShow, onDialog }: TreeMenuProps) {
  // Its own way back to what had the focus knows only of a target that one can focus.
  const [opener] = useState(() => document.activeElement);
  useEffect(() => () => (opener instanceof HTMLElement ? opener.focus() : undefined), [opener]);
  const label = `What can be done with ${child.rdn}`;
  const kinds = mayWrite ? dialogKinds.filter((kind) => kind !== "password" || isPerson(child)) : [];
  return (
    <Menu
      opened
      onClose={onClose}
      position="bottom-start"
      withinPortal
      shadow="md"
      clickOutsideEvents={outside}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>
        <button type="button" tabIndex={-1} aria-label={label} style={{ ...invisible, left: x, top: y }} />
      </Menu.Target>
      <Menu.Dropdown aria-label={label}>
        <Menu.Item onClick={() => onShow(child.dn)}>Show the entry</Menu.Item>
        {kinds.map((kind) => (
          <Menu.Item
            key={kind}
            c={kind === "delete" ? "var(--mantine-color-error)" : undefined}
            onClick={() => onDialog(kind, child.dn)}
          >
            {dialogLabels[kind]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
