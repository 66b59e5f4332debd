/** Apache httpd (Debian: apache2-bin) with its LDAP modules, over HTTP, on a port and in a folder of its own. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { ChildServer } from "./child-server.ts";
import { accepts, freePort } from "./ports.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface Apache extends AsyncDisposable {
  /** http://127.0.0.1:port */
  readonly url: string;
  /** What it wrote to its error log. */
  log(): Promise<string>;
}

const modules = "/usr/lib/apache2/modules";
/** Those that Debian enables, as far as they are needed here, and those for LDAP. */
const moduleNames = ["mpm_event", "authn_core", "authz_core", "authz_user", "auth_basic", "ldap", "authnz_ldap"];

/** Starts it with a page at `/` and at each of `pages` (`/private`), and what `configuration` adds. */
export async function startApache(configuration: string, pages: readonly string[] = []): Promise<Apache> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("apache"));
  // Its workers are not root.
  await chmod(directory.path, 0o755);
  for (const page of ["", ...pages]) {
    await mkdir(directory.file(`pages${page}`), { recursive: true });
    await writeFile(directory.file(`pages${page}/index.html`), `The page ${page}/\n`);
  }
  const port = await freePort();
  const lines = [
    `ServerRoot ${directory.path}`,
    "ServerName localhost",
    `Listen 127.0.0.1:${port}`,
    `PidFile ${directory.file("apache.pid")}`,
    `ErrorLog ${directory.file("error.log")}`,
    "User www-data",
    "Group www-data",
    "StartServers 1",
    `DocumentRoot ${directory.file("pages")}`,
    ...moduleNames.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`),
    `LoadModule dir_module ${modules}/mod_dir.so`,
    configuration,
  ];
  const file = directory.file("apache.conf");
  await writeFile(file, lines.join("\n"));
  const apache = cleanup.use(new ChildServer("apache2", ["-f", file, "-D", "FOREGROUND"]));
  await apache.ready(() => accepts(port));
  const resources = cleanup.move();
  return {
    url: `http://127.0.0.1:${port}`,
    log: () => readFile(directory.file("error.log"), "utf8"),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
