/** `npm run screenshots -- FOLDER`: every screen, in light and in dark, and on a phone. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BrowserContextOptions } from "playwright-core";
import { type PageSite, pageBase, pageCluster, startPageSite } from "./page-site.ts";
import { openScreen, screens, signInAsAdministrator } from "./screens.ts";

/** Something to see in the lists of changes and events. */
async function makeHistory({ manager, slapd }: PageSite): Promise<void> {
  await manager.signIn(pageCluster, "vera", "wrong").catch(() => undefined);
  const client = await manager.signIn(pageCluster, slapd.rootDn, slapd.rootPassword);
  const at = `/api/v1/clusters/${pageCluster}`;
  const dnOf = (uid: string) => `uid=${uid},ou=people,${pageBase}`;
  const changes: readonly (readonly [uid: string, name: string, value: string])[] = [
    ["p7", "title", "Head of Support"],
    ["p7", "telephoneNumber", "+44 20 7946 0007"],
    ["p12", "roomNumber", "4.21"],
    ["p23", "employeeType", "contractor"],
  ];
  for (const [uid, name, value] of changes) {
    await client.get(`PATCH ${at}/entry`, { body: { dn: dnOf(uid), read: {}, wanted: { [name]: [value] } } });
  }
  const dn = `cn=engineering,ou=groups,${pageBase}`;
  await client.get(`PUT ${at}/groups/members`, { body: { dn, add: ["p5", "p6"] } });
  await client.get(`POST ${at}/password`, { body: { dn: dnOf("p12"), generate: true, mustChange: false } });
}

const views: Readonly<Record<string, BrowserContextOptions>> = {
  light: { viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
  phone: { viewport: { width: 360, height: 740 }, colorScheme: "light" },
};

const [folder = "screenshots", ...only] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
await using site = await startPageSite({ nodes: 3, members: 3_000 });
await makeHistory(site);
const wanted = screens.filter(({ name }) => only.length === 0 || only.includes(name));
for (const [view, options] of Object.entries(views)) {
  const page = await site.newPage({ ...options, reducedMotion: "reduce" });
  const shoot = async (name: string) => {
    await page.screenshot({ path: join(folder, `${name}-${view}.png`) });
  };
  await page.goto(`${site.url}/`);
  await page.getByLabel("Name").waitFor();
  await shoot("sign-in");
  await signInAsAdministrator(page, site);
  for (const screen of wanted) {
    try {
      await openScreen(page, site.url, screen);
    } catch (error) {
      console.error(`${screen.name}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    }
    await shoot(screen.name);
  }
  await page.context().close();
}
console.log(`${(wanted.length + 1) * Object.keys(views).length} pictures are in ${folder}`);
