/** What of the tree has been fetched, which parts are open, and the rows that this makes. */
import { formatDn, formatRdn, parentDn, parseDn } from "@espalier/ldap";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type ApiOutput, api } from "../../api/client.ts";
import { valuesOf } from "../../api/values.ts";

export type Child = ApiOutput<"GET /clusters/{cluster}/children">["children"][number];

interface Level {
  readonly children: readonly Child[];
  readonly cursor: string | undefined;
  readonly state: "loading" | "ready" | "failed";
  readonly error?: unknown;
  /** One of those that have not come yet, which is shown before them. */
  readonly pinned?: Child | undefined;
}

export type TreeRow =
  | {
      readonly kind: "entry";
      readonly depth: number;
      readonly child: Child;
      readonly isOpen: boolean;
      /** Its place is further down, among those that have not come yet. */
      readonly isPinned: boolean;
    }
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
      // What comes after the others is waited for in its own row already.
      if (cursor === undefined) put((level) => ({ ...level, state: "loading" }));
      try {
        const query = { dn, limit: pageSize, cursor };
        const page = await api("GET /clusters/{cluster}/children", { params: { cluster }, query });
        put(({ children, pinned }) => ({
          children: cursor === undefined ? page.children : [...children, ...page.children],
          cursor: page.cursor,
          state: "ready",
          pinned: page.children.some(({ dn: come }) => come === pinned?.dn) ? undefined : pinned,
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
  /** The entry and what is above it, by what each is right below: as long as it has not come. */
  const awaited = useRef(awaitedOf(shown));
  const isUntouched = useRef(shown === undefined);
  useEffect(() => {
    const [suffix, ...others] = levels.get(top)?.children ?? [];
    if (isUntouched.current && suffix !== undefined) {
      isUntouched.current = false;
      if (others.length === 0) toggle(suffix.dn, true);
    }
    for (const [above, { children, pinned, cursor: more, state }] of levels) {
      if (superiors.current.size > 0) {
        const come = pinned === undefined ? children : [pinned, ...children];
        for (const { dn } of come) if (superiors.current.delete(keyOf(dn))) toggle(dn, true);
      }
      const key = above === top ? top : keyOf(above);
      const wanted = awaited.current.get(key);
      if (wanted === undefined || state !== "ready") continue;
      awaited.current.delete(key);
      if (more === undefined || children.some(({ dn }) => keyOf(dn) === keyOf(wanted))) continue;
      void readChild(cluster, wanted).then((child) => {
        if (child === undefined) return;
        setLevels((before) => {
          const level = before.get(above);
          const hasCome = level === undefined || level.children.some(({ dn }) => dn === child.dn);
          return hasCome ? before : new Map(before).set(above, { ...level, pinned: child });
        });
      });
    }
  }, [cluster, levels, toggle]);

  /** Fetches what is open anew; opens the tree down to an entry, if one is named. */
  const refresh = useCallback(
    (down?: string) => {
      superiors.current = new Set(down === undefined ? [] : superiorsOf(down));
      awaited.current = awaitedOf(down);
      setLevels(new Map());
      for (const dn of open) void fetchLevel(dn);
    },
    [open, fetchLevel],
  );

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

function awaitedOf(dn: string | undefined): Map<string, string> {
  if (dn === undefined) return new Map();
  const path = [dn, ...superiorsOf(dn)];
  return new Map(path.flatMap((each, index) => (index + 1 < path.length ? [[path[index + 1]!, each] as const] : [])));
}

/** Undefined where it cannot be read: then it is found by scrolling, if at all. */
async function readChild(cluster: string, dn: string): Promise<Child | undefined> {
  const query = { dn, attributes: "objectClass,hasSubordinates,numSubordinates" };
  try {
    const { entry } = await api("GET /clusters/{cluster}/entry", { params: { cluster }, query });
    const { attributes, operational = {} } = entry;
    const says = (name: string) => String(valuesOf({ ...attributes, ...operational }, name)[0] ?? "").toUpperCase();
    const isLeaf = says("hasSubordinates") === "FALSE" || says("numSubordinates") === "0";
    const [rdn] = parseDn(entry.dn);
    return {
      dn: entry.dn,
      rdn: rdn === undefined ? entry.dn : formatRdn(rdn),
      objectClasses: valuesOf(attributes, "objectClass").filter((value) => typeof value === "string"),
      hasChildren: isLeaf ? "no" : "unknown",
    };
  } catch {
    return undefined;
  }
}

export function isPerson({ objectClasses }: Child): boolean {
  return objectClasses.some((name) => /^(person|inetorgperson|posixaccount|account|user)$/i.test(name));
}

/** Whether an entry can be moved below another: not below itself or what is below it, nor to where it is. */
export function mayMoveBelow(dn: string, newParent: string): boolean {
  const [moved, to] = [keyOf(dn), keyOf(newParent)];
  return to !== moved && !to.endsWith(`,${moved}`) && superiorsOf(dn)[0] !== to;
}

function rowsOf(levels: ReadonlyMap<string, Level>, open: ReadonlySet<string>): readonly TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (dn: string, depth: number) => {
    const level = levels.get(dn);
    const addChild = (child: Child, isPinned: boolean) => {
      const isOpen = open.has(child.dn);
      rows.push({ kind: "entry", depth, child, isOpen, isPinned });
      if (isOpen) add(child.dn, depth + 1);
    };
    if (level?.pinned !== undefined) addChild(level.pinned, true);
    for (const child of level?.children ?? []) addChild(child, false);
    if (level === undefined || level.state === "loading") rows.push({ kind: "loading", depth, dn });
    else if (level.state === "failed") rows.push({ kind: "failed", depth, dn, error: level.error });
    else if (level.cursor !== undefined) rows.push({ kind: "more", depth, dn });
    else if (level.children.length === 0) rows.push({ kind: "empty", depth, dn });
  };
  add(top, 0);
  return rows;
}
