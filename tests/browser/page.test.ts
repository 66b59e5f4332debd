/** The browser page as an administrator uses it: in Chromium, with its own Content-Security-Policy, over a real OpenLDAP. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { AxeResults, RunOnly } from "axe-core";
import { Secret, TOTP } from "otpauth";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ldapsearch, requirePrograms, until } from "../lab/index.ts";
import { type PageSite, pageBase, pageCluster, pagePrograms, startPageSite } from "./page-site.ts";
import { openScreen, screens, signIn } from "./screens.ts";

const describe = requirePrograms(pagePrograms);
const people = `ou=people,${pageBase}`;
const ann = `uid=p1,${people}`;
const group = `cn=everybody,ou=groups,${pageBase}`;
const memberCount = 3_000;
const wcag = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

describe("the browser page", () => {
  const resources = new AsyncDisposableStack();
  const complaints: string[] = [];
  let site: PageSite;
  let page: Page;
  let axe: string;

  beforeAll(async () => {
    axe = await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
    site = resources.use(await startPageSite({ people: 300, members: memberCount, contextPath: "/directories" }));
    page = await newPage();
  });
  afterAll(() => resources.disposeAsync());

  /** What the browser complains of is kept, but for answers of the API that say no. */
  async function newPage(): Promise<Page> {
    const made = await site.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });
    made.on("pageerror", (error) => complaints.push(`${made.url()}: ${error.message}`));
    made.on("console", (message) => {
      const isAnswer = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text());
      if (["error", "warning"].includes(message.type()) && !isAnswer)
        complaints.push(`${made.url()}: ${message.text()}`);
    });
    return made;
  }

  const attributesOf = async (dn: string) => {
    const { slapd } = site;
    const { entries } = await ldapsearch(slapd.url, {
      ...{ base: dn, scope: "base", attributes: ["*", "+"] },
      options: ["-D", slapd.rootDn, "-w", slapd.rootPassword],
    });
    return entries[0]?.attributes ?? {};
  };
  const entryAddress = (dn: string) => `${site.url}/c/${pageCluster}/entry?dn=${encodeURIComponent(dn)}`;
  const openEntry = async (dn: string, on = page) => {
    await on.goto(entryAddress(dn));
    await on.getByRole("textbox", { name: "description" }).or(on.getByText("homeDirectory")).first().waitFor();
  };
  const heading = (name: string | RegExp) => page.getByRole("heading", { level: 1, name }).waitFor();

  it("leads a stranger to the sign-in, which refuses a wrong password and takes the right one by the keyboard alone", async () => {
    await page.goto(`${site.url}/timeline`);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/directories/sign-in");
    await page.keyboard.type(site.slapd.rootDn);
    await page.keyboard.press("Tab");
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type(site.slapd.rootPassword);
    await page.keyboard.press("Enter");
    // And where they wanted to go.
    await heading("Timeline");
    await page.getByText("Sign-in refused").waitFor();
  });

  it("home tells how the nodes are", async () => {
    await page.getByRole("link", { name: "Home" }).click();
    const card = page.getByRole("region", { name: `Cluster ${pageCluster}` });
    await card.getByText("ldap1 (takes writes)").waitFor();
    await card.getByText(/\d ms$/).waitFor();
  });

  it("the tree is opened by the keyboard, and shows an entry", async () => {
    await page.getByRole("link", { name: "Tree" }).click();
    const tree = page.getByRole("tree", { name: "Directory" });
    await tree.getByRole("treeitem", { name: "ou=people" }).waitFor();
    await tree.focus();
    for (let presses = 0; presses < 10; presses++) {
      const active = await tree.getAttribute("aria-activedescendant");
      if ((await page.locator(`#${active}`).textContent())?.startsWith("ou=people")) break;
      await page.keyboard.press("ArrowDown");
    }
    await page.keyboard.press("ArrowRight");
    await tree.getByRole("treeitem", { name: "uid=vera" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 2, name: "Vera Viewer" }).waitFor();
    expect(new URL(page.url()).searchParams.get("dn")).toBe(`uid=vera,${people}`);
  });

  it("an address of an entry in the tree opens the tree down to it", async () => {
    await page.goto(`${site.url}/c/${pageCluster}/tree?dn=${encodeURIComponent(ann)}`);
    await page.getByRole("treeitem", { name: "uid=p1", exact: true, selected: true }).waitFor();
  });

  it("an entry is found by typing, edited, looked at as LDIF and saved, by the keyboard alone", async () => {
    await page.keyboard.press("ControlOrMeta+K");
    await page.getByRole("textbox", { name: "Go to" }).waitFor();
    await page.keyboard.type("Grace Hopper");
    await page.getByRole("dialog").getByText(ann).waitFor();
    await page.keyboard.press("Enter");
    await heading("Grace Hopper");
    await page.getByRole("textbox", { name: "sn", exact: true }).focus();
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("Hopper-Murray");
    await pressUntilFocused(page, "Look at the change…");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "This is what will be sent" });
    await dialog.getByText("sn: Hopper-Murray").waitFor();
    expect((await attributesOf(ann)).sn).toEqual(["Hopper"]);
    await pressUntilFocused(page, "Save");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    expect(await attributesOf(ann)).toMatchObject({ sn: ["Hopper-Murray"], mail: ["p1@example.com"] });
  });

  it("what was changed is undone from the entry's history, by the keyboard alone", async () => {
    await openEntry(ann);
    await page.getByRole("tab", { name: "Attributes" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.getByRole("button", { name: "Undo…" }).waitFor();
    await pressUntilFocused(page, "Undo…");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: /^Undo/ });
    await dialog.getByText("sn: Hopper-Murray").waitFor();
    await pressUntilFocused(page, "Undo");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    await page.getByText("undone", { exact: true }).waitFor();
    expect((await attributesOf(ann)).sn).toEqual(["Hopper"]);
  });

  it("two tabs that change the same attribute: the second is told, and sees both", async () => {
    const other = await page.context().newPage();
    await openEntry(ann);
    await openEntry(ann, other);
    for (const [tab, value] of [
      [page, "Mine"],
      [other, "Theirs"],
    ] as const) {
      await tab.getByRole("textbox", { name: "givenName" }).fill(value);
    }
    await other.getByRole("button", { name: "Look at the change…" }).click();
    await other.getByRole("button", { name: "Save", exact: true }).click();
    await other.getByRole("dialog").waitFor({ state: "detached" });
    await page.bringToFront();
    await page.getByRole("button", { name: "Look at the change…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    const row = dialog.getByRole("row", { name: /givenName/ });
    await row.waitFor();
    expect(await row.locator("th, td").allTextContents()).toEqual(["givenName", "Grace", "Mine", "Theirs"]);
    expect((await attributesOf(ann)).givenName).toEqual(["Theirs"]);
    await dialog.getByRole("button", { name: "Keep mine in the form" }).click();
    await page.getByRole("button", { name: "Discard" }).click();
    await other.close();
  });

  it("users are found as one types", async () => {
    await page.getByRole("link", { name: "Users" }).click();
    await page.getByRole("searchbox", { name: "Find users" }).fill("liskov");
    await until("the rows to be those", async () => {
      const names = await page.getByRole("table", { name: "users" }).getByRole("row").allTextContents();
      return names.length > 2 && names.slice(1).every((row) => row.includes("Liskov"));
    });
    expect(new URL(page.url()).searchParams.get("q")).toBe("liskov");
  });

  it("a user is added by the form of the configuration, with a number that is filled in", async () => {
    await page.goto(`${site.url}/c/${pageCluster}/users`);
    await page.getByRole("button", { name: "Add a user" }).click();
    const dialog = page.getByRole("dialog", { name: "Add a user" });
    await dialog.getByLabel("Login name").fill("newcomer");
    await dialog.getByLabel("Full name").fill("Nora Newcomer");
    await dialog.getByLabel("Surname").fill("Newcomer");
    await dialog.getByRole("button", { name: "Look at the change…" }).click();
    await dialog.getByText(`dn: uid=newcomer,${people}`).waitFor();
    await dialog.getByRole("button", { name: "Add", exact: true }).click();
    await heading("Nora Newcomer");
    expect(await attributesOf(`uid=newcomer,${people}`)).toMatchObject({
      sn: ["Newcomer"],
      homeDirectory: ["/home/newcomer"],
      uidNumber: ["12002"],
    });
  });

  it("a password is made up and shown once, and lets its owner in", async () => {
    await page.getByRole("button", { name: "Actions" }).click();
    await page.getByRole("menuitem", { name: "Set the password…" }).click();
    await page.getByRole("button", { name: "Set the password" }).click();
    const password = (await page.getByRole("dialog").locator("code").textContent()) ?? "";
    await page.getByRole("button", { name: "Done" }).click();
    const found = await ldapsearch(site.slapd.url, {
      ...{ base: pageBase, scope: "base", attributes: ["1.1"] },
      options: ["-D", `uid=newcomer,${people}`, "-w", password],
    });
    expect(password.length).toBeGreaterThanOrEqual(12);
    expect(found.resultCode).not.toBe(49);
  });

  it("an account is disabled from the table", async () => {
    await page.goto(`${site.url}/c/${pageCluster}/users?q=newcomer`);
    await page.getByRole("checkbox", { name: `Select uid=newcomer,${people}` }).check();
    await page.getByRole("button", { name: "Disable…" }).click();
    const dialog = page.getByRole("dialog", { name: "Disable" });
    await dialog.getByRole("button", { name: "Look at the change…" }).click();
    await dialog.getByText("pwdAccountLockedTime").first().waitFor();
    await dialog.getByRole("button", { name: "Disable", exact: true }).click();
    await dialog.getByRole("button", { name: "Done" }).click();
    expect((await attributesOf(`uid=newcomer,${people}`)).pwdAccountLockedTime).toEqual(["000001010000Z"]);
  });

  it("members are added to a group of thousands by pasting, found, and removed", async () => {
    await page.goto(`${site.url}/c/${pageCluster}/groups`);
    await page.getByRole("button", { name: "everybody" }).click();
    await page.getByText("3,000 members").waitFor();
    await page.getByRole("button", { name: "Add members…" }).click();
    const adding = page.getByRole("dialog", { name: "Add members" });
    await adding.getByLabel("Whom").fill(`vera, newcomer@example.com\nnobody-at-all\nuid=newcomer,${people}`);
    await adding.getByRole("button", { name: "Look at the change…" }).click();
    await adding.getByText("mean nobody, and are left out").waitFor();
    await adding.getByText(/^nobody-at-all/).waitFor();
    await adding.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByText("3,002 members").waitFor();
    await page.getByRole("searchbox", { name: "Find members" }).fill("vera");
    await page.getByRole("checkbox", { name: /vera/ }).check();
    await page.getByRole("button", { name: "Remove 1…" }).click();
    const removing = page.getByRole("dialog", { name: "Remove members" });
    await removing.getByRole("button", { name: "Look at the change…" }).click();
    await removing.getByRole("button", { name: "Remove", exact: true }).click();
    await removing.waitFor({ state: "detached" });
    const { member = [] } = await attributesOf(group);
    expect(member).toHaveLength(memberCount + 1);
    expect(member).toContain(`uid=newcomer,${people}`);
  });

  it("the timeline says who did what", async () => {
    await page.goto(`${site.url}/timeline?type=entry.*&subject=${encodeURIComponent(`uid=newcomer,${people}`)}`);
    await page.getByRole("link", { name: "Entry added" }).click();
    const dialog = page.getByRole("dialog", { name: "Entry added" });
    await dialog.getByText(`done by ${site.slapd.rootDn}; part of the audit trail`).waitFor();
  });

  it("who may only look is offered nothing else", async () => {
    const viewer = await newPage();
    await viewer.goto(`${entryAddress(ann)}`);
    await signIn(viewer, "vera");
    await viewer.getByRole("tab", { name: "Attributes" }).waitFor();
    await viewer.getByText("homeDirectory").waitFor();
    expect(await viewer.getByRole("textbox").count()).toBe(0);
    expect(await viewer.getByRole("button", { name: "Actions" }).count()).toBe(0);
    await viewer.goto(`${site.url}/timeline`);
    await viewer.getByRole("alert").waitFor();
    await viewer.context().close();
  });

  it("who needs a second factor is led to it first, and then on", async () => {
    const helper = await newPage();
    await helper.goto(`${site.url}/timeline`);
    await signIn(helper, "hugo");
    await helper.getByRole("alert").getByText("Your role needs a second factor").waitFor();
    expect(new URL(helper.url()).pathname).toBe("/directories/me");
    expect(await helper.getByRole("navigation").getByRole("link").count()).toBe(0);
    await helper.getByRole("button", { name: "Enrol an authenticator app" }).click();
    const key = (await helper.locator("code").textContent()) ?? "";
    const code = new TOTP({ secret: Secret.fromBase32(key.replaceAll(" ", "")) }).generate();
    await helper.getByRole("group", { name: "Code of the app" }).getByRole("textbox").first().focus();
    await helper.keyboard.type(code);
    await helper.getByRole("button", { name: "Confirm" }).click();
    await helper.getByText("Recovery codes: keep them").waitFor();
    await helper.getByRole("navigation").getByRole("link", { name: "Users" }).click();
    await helper.getByText("p1@example.com").waitFor();
    await helper.context().close();
  });

  it.for(screens.map((screen) => [screen.name, screen] as const))(
    "%s is there by its address, and everybody can use it, in light and in dark",
    async ([, screen]) => {
      await openScreen(page, site.url, screen);
      expect(await violations(page, axe, { type: "tag", values: wcag })).toEqual([]);
      // In the dark nothing is different but the colours.
      await page.emulateMedia({ colorScheme: "dark" });
      await page.locator("html[data-mantine-color-scheme=dark]").waitFor();
      const inTheDark = await violations(page, axe, { type: "rule", values: ["color-contrast", "link-in-text-block"] });
      await page.emulateMedia({ colorScheme: "light" });
      expect(inTheDark).toEqual([]);
    },
  );

  it.for([360, 3_840])("nothing is cut off at a width of %d", async (width) => {
    await page.setViewportSize({ width, height: 740 });
    for (const screen of screens.filter(({ name }) => ["entry", "users", "search-found"].includes(name))) {
      await openScreen(page, site.url, screen);
      const overflow = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      expect({ screen: screen.name, overflow }).toEqual({ screen: screen.name, overflow: 0 });
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it("signing out ends the session, and the way back shows nothing", async () => {
    await page.goto(`${site.url}/`);
    await page.getByRole("button", { name: "You" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(await violations(page, axe, { type: "tag", values: wcag })).toEqual([]);
    await page.goBack();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(await page.context().cookies()).toEqual([]);
  });

  it("no screen broke its Content-Security-Policy, nor anything else", () => {
    expect(complaints).toEqual([]);
  });
});

/** Tab, until the button has the focus. */
async function pressUntilFocused(page: Page, name: string): Promise<void> {
  const button = page.getByRole("button", { name, exact: true });
  await button.waitFor();
  for (let presses = 0; presses < 80; presses++) {
    if ((await button.and(page.locator(":focus")).count()) === 1) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${name} cannot be reached by the keyboard`);
}

/** Evaluated over the browser's own protocol, which is not subject to the page's policy. */
async function violations(page: Page, axe: string, runOnly: RunOnly): Promise<string[]> {
  await page.evaluate(`${axe}; undefined`);
  // What has just been given other colours has them in the next frame.
  await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
  const results = (await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(runOnly)}, resultTypes: ["violations"] })`,
  )) as AxeResults;
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${String(target)}: ${failureSummary?.replaceAll(/\s+/g, " ")}`),
  );
}
