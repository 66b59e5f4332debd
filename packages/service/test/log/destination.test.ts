import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../temporary-directory.ts";

const index = new URL("../../src/index.ts", import.meta.url).href;

function program(body: string): string {
  return `import { createLog } from ${JSON.stringify(index)};\nconst logger = createLog().logger("test");\n${body}`;
}

/** A process of its own that runs `body` with `logger`, its output in a pipe. */
function run(body: string, stdout: "pipe" | number = "pipe"): ChildProcess {
  return spawn(process.execPath, ["--input-type=module-typescript", "--eval", program(body)], {
    stdio: ["pipe", stdout, "pipe"],
  });
}

function messages(output: string): string[] {
  return output
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line).message);
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

describe("the log of a process", () => {
  it.each([
    ["that ends by itself", ""],
    ["that is made to exit", "process.exit(0);"],
    ["that exits in the middle of a batch", "setImmediate(() => process.exit(0));"],
  ])("%s is complete", async (_, end) => {
    const child = run(`for (let n = 0; n < 5000; n += 1) logger.info(String(n));\n${end}`);
    expect(messages(await text(child.stdout!)).toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers(5000));
  });

  it("holds the fatal line when the process dies right behind it", async () => {
    const child = run(`logger.info("before"); logger.fatal("last"); process.kill(process.pid, "SIGKILL");`);
    expect(messages(await text(child.stdout!))).toEqual(["before", "last"]);
  });

  it("arrives in order, without waiting for the end", async () => {
    const child = run(`for (let n = 0; n < 3; n += 1) logger.info(String(n)); process.stdin.resume();`);
    let output = "";
    for await (const chunk of child.stdout!.setEncoding("utf8")) {
      output += chunk;
      if (messages(output).length === 3) child.stdin!.end();
    }
    expect(messages(output)).toEqual(["0", "1", "2"]);
  });

  it("goes to a file too", async () => {
    const file = join(temporaryDirectory(), "log");
    const fd = openSync(file, "a");
    const child = run(
      `for (let n = 0; n < 5000; n += 1) logger.info(String(n)); await new Promise(setImmediate); `,
      fd,
    );
    await once(child, "close");
    closeSync(fd);
    expect(messages(readFileSync(file, "utf8"))).toEqual(numbers(5000));
  });

  it("of two processes on one pipe does not mix lines", async () => {
    const body = `const filler = "x".repeat(700);
for (let n = 0; n < 400; n += 1) { logger.info(String(n), { filler }); if (n % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 1)); }`;
    const both = spawn(
      "sh",
      [
        "-c",
        '"$NODE" --input-type=module-typescript --eval "$BODY" & "$NODE" --input-type=module-typescript --eval "$BODY"; wait',
      ],
      { env: { NODE: process.execPath, BODY: program(body) }, stdio: ["ignore", "pipe", "inherit"] },
    );
    const found = messages(await text(both.stdout!)).toSorted((a, b) => Number(a) - Number(b));
    expect(found).toEqual(numbers(400).flatMap((each) => [each, each]));
  });

  it("does not hold up a process whose output nobody reads, keeps a bounded rest, and says how much it dropped", async () => {
    const child = run(`const filler = "x".repeat(1000);
for (let n = 0; n < 40_000; n += 1) { logger.info(String(n), { filler }); if (n % 100 === 0) await new Promise(setImmediate); }
process.stderr.write("written");`);
    // 40 MB, and the pipe holds 64 KiB of them, when the reading begins.
    await once(child.stderr!, "data");
    const output = await text(child.stdout!);
    const dropped = output
      .split("\n")
      .flatMap((line) => (line.includes("were dropped") ? [JSON.parse(line).lines] : []));
    const kept = messages(output).filter((message) => /^\d+$/.test(message)).length;
    expect(dropped).toEqual([40_000 - kept]);
    expect(kept).toBeGreaterThan(10_000);
    expect(kept).toBeLessThan(20_000);
  });
});
