/** A command at a terminal, with somebody who answers what it asks (Debian: bsdutils, which every machine has). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { espalierCommand } from "../lab/espalier.ts";
import { childEnvironment } from "../lab/programs.ts";
import { until } from "../lab/until.ts";

export interface Conversation {
  readonly exitCode: number | null;
  /** All that the terminal showed, what was typed included. */
  readonly shown: string;
}

/** @param answers each after the text that asks for it, or no more than a text that must come; a control character is typed without Enter */
export async function converse(
  parameters: readonly string[],
  folder: string,
  answers: readonly (readonly [prompt: string, answer?: string])[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Conversation> {
  const command = [process.execPath, espalierCommand, ...parameters].map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    cwd: folder,
    env: childEnvironment({ TERM: "dumb", ...environment }),
  });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
  const ended = once(child, "close");
  let from = 0;
  try {
    for (const [prompt, answer] of answers) {
      await until(`"${prompt}" in ${JSON.stringify(shown.slice(from))}`, () => shown.indexOf(prompt, from) >= 0);
      from = shown.indexOf(prompt, from) + prompt.length;
      if (answer === undefined) continue;
      child.stdin.write(/^\p{Cc}$/u.test(answer) ? answer : `${answer}\r`);
    }
    const [exitCode] = await ended;
    return { exitCode, shown: shown.replaceAll("\r\n", "\n") };
  } finally {
    child.kill();
  }
}
