/** `espalier events` over a store that a service has written. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createLog,
  createMetrics,
  EventLog,
  eventMigrations,
  type NewEvent,
  openStore,
  type Store,
  sql,
} from "@espalier/service";
import { Command, CommanderError } from "commander";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { until } from "../../../tests/lab/until.ts";
import { addEventCommands } from "../src/commands/events.ts";

let folder: string;
let url: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-events-"));
  url = `sqlite:${join(folder, "espalier.db")}`;
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  process.exitCode = undefined;
});

async function openLog(): Promise<{ readonly log: EventLog; readonly store: Store }> {
  const logger = createLog({ destination: () => undefined }).logger("test");
  const store = await openStore({ url, migrations: [eventMigrations], logger });
  onTestFinished(() => store.close());
  return { store, log: new EventLog({ store, logger, metrics: createMetrics(), dedupeWindowMs: 1_000 }) };
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: unknown;
}

/** Runs the command with what the process would be told. */
async function run(...parameters: string[]): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  const program = new Command("espalier").exitOverride().configureOutput({ writeErr: () => undefined });
  addEventCommands(program, { STORE_URL: url }, "the file", { write: (text) => (stdout += text) });
  const said = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  try {
    await program.parseAsync(["events", ...parameters, "-c", emptyFile()], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { stdout, stderr: error.message, exitCode: 2 };
  } finally {
    said.mockRestore();
  }
  return { stdout, stderr, exitCode: process.exitCode };
}

function emptyFile(): string {
  const file = join(folder, "espalier.yaml");
  writeFileSync(file, "proxy: { listeners: 7 }\n");
  return file;
}

const event: NewEvent = { type: "entry.modified", severity: "info", subject: "uid=jane", source: "manager", time: 0 };

describe("espalier events list", () => {
  it("prints the newest first, with who did what to whom", async () => {
    const { log } = await openLog();
    await log.append({ ...event, actor: "uid=admin", data: { attribute: "mail" }, audit: true });
    await log.append({
      ...event,
      type: "backend.down",
      severity: "critical",
      subject: "ldap1",
      source: "proxy",
      time: 1_000,
    });
    expect(await run("list")).toEqual({
      stdout:
        "1970-01-01T00:00:01.000Z  critical  backend.down  ldap1  (proxy)\n" +
        '1970-01-01T00:00:00.000Z  info      entry.modified  uid=jane  (manager by uid=admin)  {"attribute":"mail"}\n',
      stderr: "",
      exitCode: 0,
    });
  });

  it("takes filters, and says how to go on", async () => {
    const { log } = await openLog();
    for (const type of ["a.b", "a.c", "a.c", "b.c"]) await log.append({ ...event, type, severity: "high" });
    await log.append({ ...event, type: "a.c" });
    const first = await run("list", "--type", "a.*", "--severity", "high", "--limit", "2", "--json", "--oldest-first");
    const types = first.stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types).toEqual(["a.b", "a.c"]);
    const [, cursor = ""] = /^There are more: --cursor (\S+)\n$/.exec(first.stderr) ?? [];
    const second = await run("list", "--type", "a.*", "--severity", "high", "--oldest-first", "--cursor", cursor);
    expect(second).toMatchObject({ stdout: expect.stringMatching(/^[^\n]* a\.c {2}[^\n]*\n$/), stderr: "" });
  });

  it("takes times, and spans before now", async () => {
    const { log } = await openLog();
    await log.append({ ...event, subject: "old", time: Date.now() - 3 * 3_600_000 });
    await log.append({ ...event, subject: "young", time: Date.now() });
    expect((await run("list", "--since", "2h")).stdout).toMatch(/^[^\n]*young[^\n]*\n$/);
    expect((await run("list", "--until", "2h")).stdout).toMatch(/^[^\n]*old[^\n]*\n$/);
    expect((await run("list", "--since", "1970-01-01T00:00:00Z")).stdout.split("\n")).toHaveLength(3);
  });

  it("shows control characters of a stranger's name and does not send them to the terminal", async () => {
    const { log } = await openLog();
    await log.append({ ...event, subject: "uid=\u001b[2Jx\nnext" });
    expect((await run("list")).stdout).toContain("uid=\\u{1b}[2Jx\\u{a}next");
  });

  it.each([
    [["list", "--severity", "fatal"], /Allowed choices are critical, high/],
    [["list", "--since", "yesterday"], /write a time such as/],
    [["list", "--type", "backend"], /a type is written backend\.down/],
    [["list", "--limit", "5000"], /limit must be a number from 1 to 1000/],
    [["list", "--cursor", "x"], /this is no cursor of the event log/],
  ])("%j is refused with exit code 2", async (parameters, sentence) => {
    await openLog();
    const { exitCode, stderr } = await run(...parameters);
    expect(stderr).toMatch(sentence);
    expect(exitCode).toBe(2);
  });

  it("says that there is no store, and makes none", async () => {
    const ended = { stdout: "", stderr: `There is no store at ${url.slice("sqlite:".length)}.\n`, exitCode: 3 };
    expect(await run("list")).toEqual(ended);
    expect(await run("list")).toEqual(ended);
  });
});

describe("espalier events verify", () => {
  it("says that the audit trail is whole, and its head", async () => {
    const { log } = await openLog();
    const { link } = await log.append({ ...event, audit: true });
    expect(await run("verify")).toEqual({
      stdout: `The audit trail is whole: 1 link.\nIts head, to be noted elsewhere: 1:${link?.hash}\n`,
      stderr: "",
      exitCode: 0,
    });
    expect((await run("verify", "--head", `1:${link?.hash}`)).exitCode).toBe(0);
    expect((await run("verify", "--head", `1:${"0".repeat(64)}`)).exitCode).toBe(1);
  });

  it("names the first broken link with exit code 1", async () => {
    const { log, store } = await openLog();
    const events = [];
    for (let number = 0; number < 3; number += 1) events.push(await log.append({ ...event, audit: true }));
    await store.write((transaction) => transaction.run(sql`UPDATE events SET subject = 'uid=mallory' WHERE link = 2`));
    expect(await run("verify")).toEqual({
      stdout: expect.stringMatching(
        `^The audit trail is broken at link 2 \\(event ${events[1]?.id}\\): its hash does not belong`,
      ),
      stderr: "",
      exitCode: 1,
    });
  });
});

describe("espalier events follow", () => {
  it("prints what comes, until it is interrupted", async () => {
    const { log } = await openLog();
    await log.append({ ...event, subject: "before" });
    let stdout = "";
    const program = new Command("espalier").exitOverride();
    addEventCommands(program, { STORE_URL: url }, "the file", { write: (text) => (stdout += text) });
    const following = program.parseAsync(["events", "follow", "--after", "0", "-c", emptyFile()], { from: "user" });
    await until("what was there before", () => stdout.includes("before"));
    await log.append({ ...event, subject: "meanwhile" });
    await until("what came meanwhile", () => stdout.includes("meanwhile"));
    process.emit("SIGINT");
    await following;
    expect(process.exitCode).toBe(0);
  });
});
