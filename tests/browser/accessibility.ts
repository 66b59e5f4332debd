/** Whether everybody can use what a page shows: axe, in light and in dark colours; and the keyboard. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { AxeResults, RunOnly } from "axe-core";
import type { Locator, Page } from "playwright-core";
import { until } from "../lab/index.ts";

const axe = readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const wcag: RunOnly = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] };
/** In the dark nothing is different but the colours. */
const colours: RunOnly = { type: "rule", values: ["color-contrast", "link-in-text-block"] };

/** What breaks WCAG 2.2, level AA. */
export async function violations(page: Page): Promise<string[]> {
  const inTheLight = await violationsOf(page, wcag);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator("html[data-mantine-color-scheme=dark]").waitFor();
  const inTheDark = await violationsOf(page, colours);
  await page.emulateMedia({ colorScheme: "light" });
  await page.locator("html[data-mantine-color-scheme=light]").waitFor();
  return [...inTheLight, ...inTheDark.map((each) => `in the dark: ${each}`)];
}

/** Evaluated over the browser's own protocol, which is not subject to the page's policy. */
async function violationsOf(page: Page, runOnly: RunOnly): Promise<string[]> {
  await page.evaluate(`${await axe}; undefined`);
  // What has just been given other colours has them in the next frame.
  await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
  const results = (await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(runOnly)}, resultTypes: ["violations"] })`,
  )) as AxeResults;
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${String(target)}: ${failureSummary?.replaceAll(/\s+/g, " ")}`),
  );
}

/** On a phone, where the menu has gone aside, nothing is wider than the window. @throws Error with what is */
export async function fitsPhone(page: Page): Promise<void> {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 740 });
  await fitsWindow(page);
  if (before !== null) await page.setViewportSize(before);
}

/** Nothing is wider than the window. @throws Error with what is */
export async function fitsWindow(page: Page): Promise<void> {
  try {
    const isAll = () => page.evaluate<boolean>(`(${widerThanWindow})().length === 0`);
    await until("nothing to be wider than the window", isAll, { timeoutMs: 5_000 });
  } catch (cause) {
    throw new Error(`These are: ${await page.evaluate<string>(`(${widerThanWindow})().join(", ")`)}`, { cause });
  }
}

/** What makes the page scroll sideways; nothing where it does not. */
const widerThanWindow = `() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  return [...document.querySelectorAll("body *")]
    .filter((each) => each.getBoundingClientRect().right > clientWidth + 0.5)
    .map((each) => each.tagName + "." + each.className);
}`;

/** Tab, until the button has the focus. */
export async function pressUntilFocused(page: Page, name: string, within: Page | Locator = page): Promise<void> {
  const button = within.getByRole("button", { name, exact: true });
  await button.waitFor();
  for (let presses = 0; presses < 80; presses++) {
    if ((await button.and(page.locator(":focus")).count()) === 1) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${name} cannot be reached by the keyboard`);
}

/** What the browser complains of, kept as it comes: broken policies and errors, but not answers of the API that say no. */
export function complaintsOf(page: Page, complaints: string[]): void {
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    const isAnswer = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !isAnswer) complaints.push(`${page.url()}: ${message.text()}`);
  });
}
