/** `npm run screenshots -- FOLDER`: every screen, in light and in dark, and on a phone. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BrowserContextOptions } from "playwright-core";
import { startPageSite } from "./page-site.ts";
import { openScreen, screens, signIn } from "./screens.ts";

const views: Readonly<Record<string, BrowserContextOptions>> = {
  light: { viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
  phone: { viewport: { width: 360, height: 740 }, colorScheme: "light" },
};

const [folder = "screenshots", ...only] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
await using site = await startPageSite({ nodes: 3, members: 3_000 });
const wanted = screens.filter(({ name }) => only.length === 0 || only.includes(name));
for (const [view, options] of Object.entries(views)) {
  const page = await site.newPage({ ...options, reducedMotion: "reduce" });
  const shoot = async (name: string) => {
    await page.screenshot({ path: join(folder, `${name}-${view}.png`) });
  };
  await page.goto(`${site.url}/`);
  await page.getByLabel("Name").waitFor();
  await shoot("sign-in");
  await signIn(page, site.slapd.rootDn, site.slapd.rootPassword);
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
