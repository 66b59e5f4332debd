/** An Alertmanager (Debian: prometheus-alertmanager) with a configuration of the test's. */
import { writeFile } from "node:fs/promises";
import { ChildServer } from "./child-server.ts";
import { freePort } from "./ports.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface Alertmanager extends AsyncDisposable {
  /** host:port, also of its metrics. */
  readonly address: string;
  readonly process: ChildServer;
}

/** Starts it and waits until it is ready. @param configuration alertmanager.yml as an object */
export async function startAlertmanager(configuration: object): Promise<Alertmanager> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("alertmanager"));
  // JSON is YAML too.
  await writeFile(directory.file("alertmanager.yml"), JSON.stringify(configuration));
  const address = `127.0.0.1:${await freePort()}`;
  const process = cleanup.use(
    new ChildServer("prometheus-alertmanager", [
      `--config.file=${directory.file("alertmanager.yml")}`,
      `--storage.path=${directory.file("data")}`,
      `--web.listen-address=${address}`,
      "--cluster.listen-address=",
      "--log.level=warn",
    ]),
  );
  await process.ready(
    async () => (await fetch(`http://${address}/-/ready`).catch(() => undefined))?.ok === true,
    60_000,
  );
  const resources = cleanup.move();
  return { address, process, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
