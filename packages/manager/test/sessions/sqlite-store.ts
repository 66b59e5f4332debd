/** A store of a test's own, where it does not matter of which kind. */
import { rm } from "node:fs/promises";
import { temporaryDirectory } from "@espalier/tests/lab";
import { onTestFinished } from "vitest";

export async function sqliteUrl(): Promise<string> {
  const directory = await temporaryDirectory("sessions");
  onTestFinished(() => rm(directory.path, { recursive: true, force: true }));
  return `sqlite:${directory.file("espalier.db")}`;
}
