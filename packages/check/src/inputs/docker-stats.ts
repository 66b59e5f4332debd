/** What `docker stats --no-stream --format json` prints: one JSON object a line, one line a container. */
import { defineFormat } from "./format.ts";
import { InputError, type SourceFile } from "./source-file.ts";

export interface DockerStats {
  readonly file: SourceFile;
  readonly containers: readonly {
    readonly name: string;
    readonly memoryBytes: number;
    /** 1.5 is one and a half processors. */
    readonly processors: number;
  }[];
}

export const dockerStatsFormat = defineFormat({
  kind: "dockerStats",
  recognizes: ({ path, text }) => /\.jsonl?$/.test(path) && /^\s*\{[^\n]*"MemUsage"/.test(text),
  parse(file) {
    const lines = file.text.split("\n");
    const containers = lines.flatMap((line, index) => (line.trim() === "" ? [] : [container(file, line, index + 1)]));
    return [{ file, containers }];
  },
});

function container(file: SourceFile, line: string, number: number): DockerStats["containers"][number] {
  const { Name, MemUsage, CPUPerc } = fieldsOf(line) ?? {};
  const [used = ""] = String(MemUsage).split("/");
  const memoryBytes = bytesOf(used.trim());
  const percent = Number(String(CPUPerc).replace("%", ""));
  if (typeof Name !== "string" || memoryBytes === undefined || Number.isNaN(percent)) {
    throw new InputError(
      "this line is not of `docker stats --no-stream --format json`: Name, MemUsage and CPUPerc are needed",
      file.locateLine(number),
    );
  }
  return { name: Name, memoryBytes, processors: percent / 100 };
}

function fieldsOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** `113.4MiB`: Docker writes fractions, and `B` after the unit. */
function bytesOf(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text) ?? [];
  const bytes = unitBytes[unit];
  return number === undefined || bytes === undefined ? undefined : Math.round(Number(number) * bytes);
}
