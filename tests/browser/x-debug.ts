import { startPageSite, pageBase, pageCluster } from "./page-site.ts";
import { signIn } from "./screens.ts";
await using site = await startPageSite({ people: 300, members: 3000, contextPath: "/directories" });
const page = await site.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });
page.on("console", (m) => console.log("CONSOLE", m.type(), m.text().slice(0, 200)));
page.on("response", (r) => { if (r.status()===207) void r.text().then((t)=>console.log(t)); if (r.url().includes("/api/") ) console.log(Math.round(performance.now()), r.status(), r.request().method(), r.url().slice(-80)); });
let n = 0;
const step = async (name: string, run: () => Promise<unknown>) => {
  const t = performance.now();
  try { await run(); } catch (e) { console.log("FAILED", (e as Error).message.split("\n")[0]); await page.screenshot({ path: `/tmp/dbg-${n++}.png` }); }
  console.log(name, Math.round(performance.now() - t));
};
await page.goto(site.url + "/");
await signIn(page, site.slapd.rootDn, site.slapd.rootPassword);
await page.goto(`${site.url}/c/${pageCluster}/groups`);
await step("open group", () => page.getByRole("button", { name: "everybody" }).click());
await step("3000", () => page.getByText("3,000 members").waitFor());
await page.getByRole("button", { name: "Add members…" }).click();
const adding = page.getByRole("dialog", { name: "Add members" });
await adding.getByLabel("Whom").fill(`vera, nobody\nuid=p299,ou=people,${pageBase}`);
await step("look", () => adding.getByRole("button", { name: "Look at the change…" }).click());
await step("ldif", () => adding.getByText("mean nobody, and are left out").waitFor());
await step("add", () => adding.getByRole("button", { name: "Add", exact: true }).click());
await step("3001", () => page.getByText("3,001 members").waitFor());
await page.screenshot({ path: "/tmp/members.png" });
