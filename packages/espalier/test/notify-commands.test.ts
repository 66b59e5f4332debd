/** What an administrator does about messages on the command line, beside a service that could not deliver one. */

import { createHmac } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type ChildServer,
  type CommandResult,
  espalierCommand,
  freePort,
  runCommand,
  runEspalier,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "../../../tests/lab/index.ts";

const secret = "a secret of some length";
let directory: TemporaryDirectory;
let receiver: Server;
/** What the push service of the channel `desk` answers. */
let answer = 400;
const received: string[] = [];
let service: ChildServer;
let hook: string;

beforeAll(async () => {
  directory = await temporaryDirectory("notify-commands");
  receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => {
      body += piece;
    });
    request.on("end", () => {
      received.push(body);
      response.writeHead(answer).end();
    });
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const { port } = receiver.address() as { port: number };
  const listen = await freePort();
  hook = `http://127.0.0.1:${listen}/hooks/generic`;
  const configuration = {
    store: { url: `sqlite:${directory.file("espalier.db")}` },
    metrics: { listen: "off" },
    log: { level: "error" },
    notify: {
      ...{ listen: `127.0.0.1:${listen}`, canary: "off", outbound: { allow: ["127.0.0.0/8"] } },
      sources: { generic: { secrets: [secret] } },
      channels: { desk: { kind: "ntfy", url: `http://127.0.0.1:${port}`, topic: "desk" } },
    },
  };
  await writeFile(directory.file("espalier.yaml"), JSON.stringify(configuration));
  service = runEspalier(["notify"], {}, directory);
  await service.ready(async () => (await fetch(hook, { method: "POST" }).catch(() => undefined)) !== undefined);
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  receiver.close();
  await directory[Symbol.asyncDispose]();
});

function espalier(...parameters: readonly string[]): Promise<CommandResult> {
  return runCommand(process.execPath, [espalierCommand, ...parameters], { workingDirectory: directory.path });
}

async function dead(): Promise<readonly { readonly id: string; readonly channel: string }[]> {
  const { stdout } = await espalier("notify", "dead", "list", "--json");
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
}

it("a test message says whether the channel took it, and which channels there are", async () => {
  answer = 200;
  expect(await espalier("notify", "test", "desk")).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^desk has taken the message/),
  });
  expect(received.at(-1)).toContain("desk");
  answer = 500;
  expect(await espalier("notify", "test", "desk")).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining("desk has not taken the message (it would be tried again): "),
  });
  expect(await espalier("notify", "test", "dsek")).toMatchObject({
    exitCode: 2,
    stderr: "There is no channel dsek; the configuration has: desk.\n",
  });
});

// Each look is a process of its own.
it("what could not be delivered is listed, shown, sent again, and thrown away", { timeout: 120_000 }, async () => {
  answer = 400;
  const send = async (text: string) => {
    const body = JSON.stringify({ text });
    const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
    const headers = { "content-type": "application/json", "x-hub-signature-256": signature };
    expect((await fetch(hook, { method: "POST", headers, body })).status).toBe(202);
  };
  await send("the printer is on fire");
  await until("the message to die", async () => (await dead()).length === 1);
  const [letter] = await dead();
  // Findings in the queue are found by the command as in the running service.
  const looked = await espalier("check", "--live", "--format", "json", "--fail-on", "never");
  const { findings } = JSON.parse(looked.stdout) as { findings: { rule: string; message: string }[] };
  expect(findings.filter(({ rule }) => rule === "HST004").map(({ message }) => message)).toEqual([
    expect.stringContaining("1 "),
  ]);
  expect(await espalier("notify", "dead", "show", letter!.id)).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/attempt 1 at .*400[\s\S]*the printer is on fire/),
  });
  expect(await espalier("notify", "dead", "replay")).toMatchObject({
    exitCode: 2,
    stderr: "Which? Give an id, a filter, or --all.\n",
  });
  answer = 200;
  const refused = received.length;
  expect(await espalier("notify", "dead", "replay", letter!.id)).toMatchObject({
    exitCode: 0,
    stdout: "It is sent again.\n",
  });
  // And that it was sent again is told as well.
  await until("both messages", () => received.length >= refused + 2);
  expect(received.slice(refused).filter((body) => body.includes("the printer is on fire"))).toHaveLength(1);
  expect(await dead()).toEqual([]);
  answer = 400;
  await send("the printer is ash");
  await until("the message to die", async () => (await dead()).length === 1);
  expect(await espalier("notify", "dead", "purge", "--type", "hook.*")).toMatchObject({
    exitCode: 0,
    stdout: "1 were thrown away.\n",
  });
});

it("a channel that works cannot be enabled, and says so", async () => {
  expect(await espalier("notify", "enable", "desk")).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: "The channel desk is not disabled.\n",
  });
});
