/** A filter that is edited in two ways, as rows and as text, which are kept in step. */
import { formatFilter, ParseError, parseFilter } from "@espalier/ldap";
import { useCallback, useState } from "react";
import { type BuilderGroup, builderOf, filterOfBuilder } from "./filter-builder.ts";

export interface FilterEditor {
  readonly text: string;
  /** What is wrong with the text, and where, counted from 0. */
  readonly mistake?: { readonly message: string; readonly offset: number };
  /** The rows; the last that there were where the text cannot be read. */
  readonly builder: BuilderGroup;
  /** Why the text has no rows, a sentence. */
  readonly notDrawn?: string;
}

/** What is sought where nothing is said. */
export const everything = "(objectClass=*)";

let added = 0;
/** For a row or a group that is new. */
export function newId(): string {
  added += 1;
  return `new-${added}`;
}

function emptyBuilder(): BuilderGroup {
  const row = { kind: "row", id: newId(), attribute: "", condition: "is", value: "" } as const;
  return { kind: "group", id: "root", match: "all", parts: [row] };
}

function editorOfText(text: string, builder: BuilderGroup): FilterEditor {
  if (text.trim() === "") return { text, builder: emptyBuilder() };
  try {
    const drawn = builderOf(parseFilter(text));
    return typeof drawn === "string" ? { text, builder, notDrawn: drawn } : { text, builder: drawn };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { text, builder, mistake: { message: error.message, offset: error.offset ?? 0 } };
  }
}

function editorOfBuilder(builder: BuilderGroup): FilterEditor {
  const filter = filterOfBuilder(builder);
  try {
    const text = filter === undefined ? "" : formatFilter(filter);
    if (text !== "") parseFilter(text);
    return { text, builder };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { text: "", builder, mistake: { message: error.message, offset: error.offset ?? 0 } };
  }
}

export function useFilterEditor(initial: string) {
  const [editor, setEditor] = useState(() => editorOfText(initial, emptyBuilder()));
  const setText = useCallback((text: string) => setEditor(({ builder }) => editorOfText(text, builder)), []);
  const setBuilder = useCallback((builder: BuilderGroup) => {
    const next = editorOfBuilder(builder);
    setEditor(next);
    return next;
  }, []);
  return { editor, setText, setBuilder };
}
