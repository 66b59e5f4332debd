/** `npm run screenshots -- FOLDER`: every screen, in light and in dark, and on a phone. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BrowserContextOptions } from "playwright-core";
import { startSloPrometheus, until } from "../lab/index.ts";
import { type PageSite, pageBase, pageCluster, startPageSite } from "./page-site.ts";
import { openScreen, type Screen, screens, signInAsAdministrator } from "./screens.ts";

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

const at = (path: string) => `/c/${pageCluster}/${path}`;
const entryOf = (uid: string) => at(`entry?dn=${encodeURIComponent(`uid=${uid},ou=people,${pageBase}`)}`);

/** Of screens: what they look like in the middle of something. */
const states: readonly Screen[] = [
  { name: "slos", path: "/slos", heading: "Promises", shows: "Failing fast" },
  {
    name: "event",
    path: "/timeline?type=entry.*",
    heading: "Timeline",
    async prepare(page) {
      await page.getByRole("link", { name: "Entry changed" }).first().click();
      await page.getByRole("dialog").getByText("No message tells of it").waitFor();
    },
  },
  {
    name: "tree-far",
    path: at(`tree?dn=${encodeURIComponent(`uid=p1090,ou=people,${pageBase}`)}`),
    heading: /^Tree/,
    shows: "its place is further down",
  },
  {
    name: "tree-menu",
    path: at(`tree?dn=${encodeURIComponent(`uid=p7,ou=people,${pageBase}`)}`),
    heading: /^Tree/,
    shows: "uid=p7",
    prepare: (page) => page.getByRole("treeitem", { name: "uid=p7", exact: true }).click({ button: "right" }),
  },
  {
    name: "conflict",
    path: entryOf("p9"),
    heading: "Margaret Hopper",
    shows: "homeDirectory",
    async prepare(page) {
      const other = await page.context().newPage();
      for (const [tab, name] of [
        [page, "Maggie"],
        [other, "Meg"],
      ] as const) {
        if (tab === other)
          await openScreen(other, site.url, { name: "", path: entryOf("p9"), heading: "Margaret Hopper" });
        await tab.getByRole("textbox", { name: "givenName" }).fill(`${name} ${Math.floor(Math.random() * 1e6)}`);
        await tab.getByRole("button", { name: "Look at the change…" }).click();
      }
      await other.getByRole("button", { name: "Save", exact: true }).click();
      await other.getByRole("dialog").waitFor({ state: "detached" });
      await other.close();
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.getByText("To be decided").waitFor();
    },
  },
];

const views: Readonly<Record<string, BrowserContextOptions>> = {
  light: { viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
  phone: { viewport: { width: 360, height: 740 }, colorScheme: "light" },
};

const [folder = "screenshots", ...only] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
await using prometheus = await startSloPrometheus();
await using site = await startPageSite({ nodes: 3, people: 1_100, members: 3_000, prometheus: prometheus.url });
await makeHistory(site);
await until("promises to be reckoned", async () => {
  const alerts = await prometheus.query('ALERTS{alertstate="firing",window="1h"}');
  return alerts.length > 0;
});
const wanted = [...screens.filter(({ name }) => name !== "slos"), ...states].filter(
  ({ name }) => only.length === 0 || only.includes(name),
);
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
