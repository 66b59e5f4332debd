/** A whole check of a platform's compose files as a process: its times, its memory and its output, beside those of dclint. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeComposeTree } from "./check-tree.ts";
import { megabytes } from "./memory.ts";
import { formatTable, median, whole } from "./table.ts";

const help = `npm run bench -- check [--services 80] [--files 60] [--runs 7]`;

interface Program {
  readonly name: string;
  readonly arguments: readonly string[];
  /** How many things it found; undefined where its output is cut off. */
  readonly found: (output: string) => number | undefined;
}

const programs: readonly Program[] = [
  {
    name: "espalier check",
    arguments: [
      join(import.meta.dirname, "../packages/espalier/bin/espalier.mjs"),
      "check",
      ".",
      "--format",
      "json",
      "--fail-on",
      "never",
    ],
    found: (output) => parsed<{ findings: readonly unknown[] }>(output)?.findings.length,
  },
  {
    name: "dclint",
    arguments: [
      join(fileURLToPath(new URL(".", import.meta.resolve("dclint/package.json"))), "bin/dclint.cjs"),
      "--recursive",
      "--formatter",
      "json",
      ".",
    ],
    found: (output) =>
      parsed<readonly { messages: readonly unknown[] }[]>(output)?.reduce(
        (sum, { messages }) => sum + messages.length,
        0,
      ),
  },
];

export async function benchCheck(parameters: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      services: { type: "string", default: "80" },
      files: { type: "string", default: "60" },
      runs: { type: "string", default: "7" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(help);
  const folder = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  try {
    const services = Number(values.services);
    const files = Number(values.files);
    await writeComposeTree(folder, { services, files });
    const runs = new Map<Program, Run[]>(programs.map((program) => [program, []]));
    for (let run = 0; run < Number(values.runs); run++) {
      for (const program of programs) runs.get(program)?.push(await measure(program, folder));
    }
    const rows = [...runs].map(([{ name }, measured]) => rowOf(name, measured));
    const head = [
      `${whole(services)} services in ${whole(files)} files`,
      "wall time",
      "processor time",
      "peak memory",
      "piped output",
      "found",
    ];
    console.log(formatTable(head, rows));
    const [own = [], other = []] = [...runs.values()];
    const ratio = median(own.map(({ wallMs }) => wallMs)) / median(other.map(({ wallMs }) => wallMs));
    console.log(`\nMedians of ${values.runs} runs of each in turn; time ${ratio.toFixed(2)} × that of dclint.`);
    console.log("Target: under 1.5 s, under 200 MB, the output whole.");
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Run {
  readonly wallMs: number;
  /** Of all its threads: that of the machine's other work is not in it. */
  readonly processorMs: number;
  readonly peakBytes: number;
  readonly outputBytes: number;
  readonly found: number | undefined;
}

/** Tells the parent on a descriptor of its own, when the process ends, what it has used. */
const usageReporter = `data:text/javascript,${encodeURIComponent(
  `import { writeSync } from "node:fs"; process.on("exit", () => writeSync(3, JSON.stringify(process.resourceUsage())));`,
)}`;

async function measure(program: Program, folder: string): Promise<Run> {
  const start = performance.now();
  const child = spawn(process.execPath, ["--import", usageReporter, ...program.arguments], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit", "pipe"],
  });
  const output: Buffer[] = [];
  let usage = "";
  child.stdio[1]?.on("data", (bytes: Buffer) => output.push(bytes));
  child.stdio[3]?.on("data", (bytes: Buffer) => {
    usage += bytes.toString();
  });
  await once(child, "close");
  const wallMs = performance.now() - start;
  const text = Buffer.concat(output).toString();
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(usage) as NodeJS.ResourceUsage;
  return {
    wallMs,
    processorMs: (userCPUTime + systemCPUTime) / 1000,
    peakBytes: maxRSS * 1024,
    outputBytes: Buffer.byteLength(text),
    found: program.found(text),
  };
}

function rowOf(name: string, runs: readonly Run[]): readonly string[] {
  const isWhole = runs.every(({ found }) => found !== undefined);
  return [
    name,
    `${whole(median(runs.map(({ wallMs }) => wallMs)))} ms`,
    `${whole(median(runs.map(({ processorMs }) => processorMs)))} ms`,
    megabytes(Math.max(...runs.map(({ peakBytes }) => peakBytes))),
    `${whole(median(runs.map(({ outputBytes }) => outputBytes)))} bytes${isWhole ? "" : ", cut off"}`,
    isWhole ? whole(runs[0]?.found ?? 0) : "unknown",
  ];
}

function parsed<T>(output: string): T | undefined {
  try {
    return JSON.parse(output) as T;
  } catch {
    return undefined;
  }
}
