/** What of the tree has been fetched, which parts are open, and the rows that this makes. */
import { formatDn, parentDn, parseDn } from "@espalier/ldap";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type ApiOutput, api } from "../../api/client.ts";

export type Child = ApiOutput<"GET /clusters/{cluster}/children">["children"][number];

interface Level {
  readonly children: readonly Child[];
  readonly cursor: string | undefined;
  readonly state: "loading" | "ready" | "failed";
  readonly error?: unknown;
}

export type TreeRow =
  | { readonly kind: "entry"; readonly depth: number; readonly child: Child; readonly isOpen: boolean }
  | { readonly kind: "loading" | "more"; readonly depth: number; readonly dn: string }
  | { readonly kind: "failed"; readonly depth: number; readonly dn: string; readonly error: unknown }
  | { readonly kind: "empty"; readonly depth: number; readonly dn: string };

const pageSize = 1_000;
/** The top of the tree. */
const top = "";

/** @param shown the entry that the tree is opened to when it comes from an address */
export function useTree(cluster: string, shown: string | undefined) {
  const [levels, setLevels] = useState<ReadonlyMap<string, Level>>(new Map());
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set([top]));
  const fetching = useRef(new Set<string>());

  const fetchLevel = useCallback(
    async (dn: string, cursor?: string) => {
      if (fetching.current.has(dn)) return;
      fetching.current.add(dn);
      const put = (change: (level: Level) => Level) =>
        setLevels((before) => {
          const level = before.get(dn) ?? { children: [], cursor: undefined, state: "loading" };
          return new Map(before).set(dn, change(level));
        });
      put((level) => ({ ...level, state: "loading" }));
      try {
        const query = { dn, limit: pageSize, cursor };
        const page = await api("GET /clusters/{cluster}/children", { params: { cluster }, query });
        put(({ children }) => ({
          children: cursor === undefined ? page.children : [...children, ...page.children],
          cursor: page.cursor,
          state: "ready",
        }));
      } catch (error) {
        put((level) => ({ ...level, state: "failed", error }));
      } finally {
        fetching.current.delete(dn);
      }
    },
    [cluster],
  );

  const toggle = useCallback(
    (dn: string, isOpen: boolean) => {
      setOpen((before) => {
        const next = new Set(before);
        if (isOpen) next.add(dn);
        else next.delete(dn);
        return next;
      });
      if (isOpen && levels.get(dn)?.state !== "ready") void fetchLevel(dn);
    },
    [levels, fetchLevel],
  );

  // What is above the entry is opened as it comes, once: who closes it again wants it closed. With no entry, the one top is.
  const superiors = useRef(new Set(shown === undefined ? [] : superiorsOf(shown)));
  const isUntouched = useRef(shown === undefined);
  useEffect(() => {
    const [suffix, ...others] = levels.get(top)?.children ?? [];
    if (isUntouched.current && suffix !== undefined) {
      isUntouched.current = false;
      if (others.length === 0) toggle(suffix.dn, true);
    }
    if (superiors.current.size === 0) return;
    for (const { children } of levels.values()) {
      for (const { dn } of children) if (superiors.current.delete(keyOf(dn))) toggle(dn, true);
    }
  }, [levels, toggle]);

  /** Fetches what is open anew. */
  const refresh = useCallback(() => {
    setLevels(new Map());
    for (const dn of open) void fetchLevel(dn);
  }, [open, fetchLevel]);

  const fetchMore = useCallback(
    (dn: string) => {
      const level = levels.get(dn);
      if (level?.cursor !== undefined && level.state === "ready") void fetchLevel(dn, level.cursor);
    },
    [levels, fetchLevel],
  );

  const rows = useMemo(() => rowsOf(levels, open), [levels, open]);
  return { rows, toggle, refresh, fetchMore, fetchLevel };
}

/** Servers spell DNs as they please; the same server spells one always the same, but for the case of what somebody wrote. */
function keyOf(dn: string): string {
  try {
    return formatDn(parseDn(dn)).toLowerCase();
  } catch {
    return dn.toLowerCase();
  }
}

function superiorsOf(dn: string): string[] {
  try {
    const superiors: string[] = [];
    for (let up = parentDn(parseDn(dn)); up !== undefined && up.length > 0; up = parentDn(up)) {
      superiors.push(formatDn(up).toLowerCase());
    }
    return superiors;
  } catch {
    return [];
  }
}

function rowsOf(levels: ReadonlyMap<string, Level>, open: ReadonlySet<string>): readonly TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (dn: string, depth: number) => {
    const level = levels.get(dn);
    for (const child of level?.children ?? []) {
      const isOpen = open.has(child.dn);
      rows.push({ kind: "entry", depth, child, isOpen });
      if (isOpen) add(child.dn, depth + 1);
    }
    if (level === undefined || level.state === "loading") rows.push({ kind: "loading", depth, dn });
    else if (level.state === "failed") rows.push({ kind: "failed", depth, dn, error: level.error });
    else if (level.cursor !== undefined) rows.push({ kind: "more", depth, dn });
    else if (level.children.length === 0) rows.push({ kind: "empty", depth, dn });
  };
  add(top, 0);
  return rows;
}
