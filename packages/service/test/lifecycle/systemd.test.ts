import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { createLog, createNotifier } from "../../src/index.ts";
import { requireProgram } from "../required-program.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

// The socket that systemd would listen on. Node has no Unix datagrams, which is why Python holds it.
const receiver = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
print("bound", flush=True)
while True:
    message = s.recv(4096).decode()
    if message: print(message, flush=True)
`;

const systemdNotify = requireProgram("/usr/bin/systemd-notify", ["--version"], "systemd");
const python = requireProgram("python3", ["--version"], "python3");

describe("telling systemd", () => {
  it.skipIf(systemdNotify.isMissing || python.isMissing)(
    `ready, reloading and stopping${systemdNotify.note}${python.note}`,
    async () => {
      const socket = join(temporaryDirectory(), "notify");
      const systemd = spawn("python3", ["-c", receiver, socket], { stdio: ["ignore", "pipe", "inherit"] });
      await new Promise((resolve) => systemd.stdout.once("readable", resolve));
      const lines: string[] = [];
      const notifier = createNotifier(
        { NOTIFY_SOCKET: socket },
        createLog({ destination: (line) => lines.push(line) }).logger("systemd"),
      );
      await notifier.ready();
      await notifier.reloading();
      await notifier.ready();
      await notifier.stopping();
      const output = text(systemd.stdout);
      systemd.kill();
      const received = (await output).replaceAll(/\d{3,}/g, "<time>").split("\n");
      expect([received.filter((line) => line !== "BARRIER=1"), lines]).toEqual([
        ["bound", "READY=1", "RELOADING=1", "MONOTONIC_USEC=<time>", "READY=1", "STOPPING=1", ""],
        [],
      ]);
    },
  );

  it.skipIf(systemdNotify.isMissing || python.isMissing)(
    `that it lives, twice in the time that the watchdog waits, once it is ready${systemdNotify.note}${python.note}`,
    async () => {
      const socket = join(temporaryDirectory(), "notify");
      const systemd = spawn("python3", ["-u", "-c", receiver, socket], { stdio: ["ignore", "pipe", "inherit"] });
      const received = createInterface({ input: systemd.stdout })[Symbol.asyncIterator]();
      await received.next();
      const logger = createLog({ destination: () => {} }).logger("systemd");
      await createNotifier({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: "200000" }, logger).ready();
      const lines: string[] = [];
      while (lines.length < 3) {
        const { value = "" } = await received.next();
        if (value !== "BARRIER=1") lines.push(value);
      }
      systemd.kill();
      expect(lines).toEqual(["READY=1", "WATCHDOG=1", "WATCHDOG=1"]);
    },
  );

  it("does nothing where there is no systemd", async () => {
    const lines: string[] = [];
    const notifier = createNotifier({}, createLog({ destination: (line) => lines.push(line) }).logger("systemd"));
    await Promise.all([notifier.ready(), notifier.reloading(), notifier.stopping()]);
    expect(lines).toEqual([]);
  });

  it("goes on, with a line in the log, when systemd cannot be told", async () => {
    const lines: string[] = [];
    const logger = createLog({ destination: (line) => lines.push(line) }).logger("systemd");
    await createNotifier({ NOTIFY_SOCKET: join(temporaryDirectory(), "nobody") }, logger).ready();
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: "WARN", message: "systemd could not be notified", assignments: ["READY=1"] },
    ]);
  });
});
