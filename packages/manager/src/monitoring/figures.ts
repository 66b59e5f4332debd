/** What servers count of themselves, in one shape. */
import type { SearchEntry } from "@espalier/ldap/client";
import type { z } from "zod";
import { textOf } from "../reading/entry-json.ts";
import { type figuresSchema, operationKinds } from "./routes.ts";

export type Figures = z.input<typeof figuresSchema>;
export type Figure = number | "unknown";
export type OperationKind = (typeof operationKinds)[number];

export function figureOf(entry: SearchEntry | undefined, attribute: string): Figure {
  const text = entry === undefined ? undefined : textOf(entry, attribute);
  return text !== undefined && /^\d{1,20}$/.test(text) ? Number(text) : "unknown";
}

/** `unknown` as soon as one of them is. */
export function sumOf(...figures: readonly Figure[]): Figure {
  return figures.reduce<Figure>(
    (sum, figure) => (sum === "unknown" || figure === "unknown" ? "unknown" : sum + figure),
    0,
  );
}

/** Of every kind, by what `of` says. */
export function operationsByKind(of: (kind: OperationKind) => { initiated: Figure; completed: Figure }) {
  return Object.fromEntries(operationKinds.map((kind) => [kind, of(kind)])) as Figures["operations"]["byKind"];
}

/** Generalized Time as servers write it here, in UTC and without fractions: `20260131120000Z` (RFC 4517 §3.3.13). */
export function timeOf(text: string | undefined): number | undefined {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?Z$/.exec(text ?? "") ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
  return parts.length === 0 ? undefined : Date.UTC(year, month - 1, day, hour, minute, second);
}

export function startedAtOf(time: number | undefined): Figures["startedAt"] {
  return time === undefined ? "unknown" : new Date(time).toISOString();
}

export const unknownFigures: Figures = {
  startedAt: "unknown",
  uptimeSeconds: "unknown",
  connections: { current: "unknown", total: "unknown", most: "unknown" },
  operations: {
    all: { initiated: "unknown", completed: "unknown" },
    byKind: operationsByKind(() => ({ initiated: "unknown", completed: "unknown" })),
  },
  threads: { active: "unknown", most: "unknown", pending: "unknown" },
  waiters: { read: "unknown", write: "unknown" },
  sent: { messages: "unknown", entries: "unknown", references: "unknown", bytes: "unknown" },
};
