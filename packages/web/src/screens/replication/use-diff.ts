/** A comparison of nodes, whose lines are taken as they come. */
import type { DiffLineJson } from "@espalier/manager/api";
import { useCallback, useEffect, useRef, useState } from "react";
import { type ApiInput, apiLines } from "../../api/client.ts";

type DiffBody = ApiInput<"POST /clusters/{cluster}/replication/diff">["body"];
export type Finding = Extract<DiffLineJson, { finding: unknown }>["finding"];
type Progress = Extract<DiffLineJson, { progress: unknown }>["progress"];
export type End = Extract<DiffLineJson, { end: unknown }>["end"];

export interface Diff {
  readonly isRunning: boolean;
  /** By node. */
  readonly progress: Readonly<Record<string, Progress>>;
  readonly findings: readonly Finding[];
  /** Absent while it runs, and where it was broken off. */
  readonly end?: End;
  readonly error?: unknown;
  readonly isCancelled?: boolean;
}

export function useDiff(cluster: string) {
  const [diff, setDiff] = useState<Diff>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const start = useCallback(
    async (body: DiffBody) => {
      running.current?.abort();
      const controller = new AbortController();
      running.current = controller;
      const change = (changed: (before: Diff) => Diff) => {
        if (running.current === controller) setDiff((before) => before && changed(before));
      };
      setDiff({ isRunning: true, progress: {}, findings: [] });
      try {
        const key = "POST /clusters/{cluster}/replication/diff";
        for await (const line of apiLines(key, { params: { cluster }, body, signal: controller.signal })) {
          const known = line as DiffLineJson;
          if ("end" in known) change((before) => ({ ...before, end: known.end }));
          else if ("finding" in known)
            change((before) => ({ ...before, findings: [...before.findings, known.finding] }));
          else {
            const { progress } = known;
            change((before) => ({ ...before, progress: { ...before.progress, [progress.node]: progress } }));
          }
        }
        change((before) => ({ ...before, isRunning: false }));
      } catch (error) {
        const ended = controller.signal.aborted ? { isCancelled: true } : { error };
        change((before) => ({ ...before, isRunning: false, ...ended }));
      }
    },
    [cluster],
  );
  const cancel = useCallback(() => running.current?.abort(), []);
  return { diff, start, cancel };
}
