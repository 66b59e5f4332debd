/** The browser page as an administrator uses it: in Chromium, with its own Content-Security-Policy, over a real OpenLDAP. */
import { readFile } from "node:fs/promises";
import { crc32, deflateSync } from "node:zlib";
import { Secret, TOTP } from "otpauth";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createCertificateAuthority, ldapsearch, requirePrograms, temporaryDirectory, until } from "../lab/index.ts";
import { complaintsOf, fitsPhone, fitsWindow, pressUntilFocused, violations } from "./accessibility.ts";
import { type PageSite, pageBase, pageCluster, pagePrograms, startPageSite } from "./page-site.ts";
import { openScreen, screens, signIn } from "./screens.ts";

const describe = requirePrograms(pagePrograms);
const people = `ou=people,${pageBase}`;
const ann = `uid=p1,${people}`;
const group = `cn=everybody,ou=groups,${pageBase}`;
const memberCount = 3_000;

describe("the browser page", () => {
  const resources = new AsyncDisposableStack();
  const complaints: string[] = [];
  let site: PageSite;
  let page: Page;

  beforeAll(async () => {
    site = resources.use(
      await startPageSite({ people: 1_100, members: memberCount, contextPath: "/directories", openId: true }),
    );
    page = await newPage();
  });
  afterAll(() => resources.disposeAsync());

  async function newPage(): Promise<Page> {
    const made = await site.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });
    complaintsOf(made, complaints);
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

  it("home asks for what it shows along with its scripts, each once, and needs no script but the first", async () => {
    const visitor = await newPage();
    await visitor.context().addCookies(await page.context().cookies());
    const asked: string[] = [];
    const isAsked = Promise.withResolvers<void>();
    const first = ["api/v1/session", "api/v1/clusters"];
    visitor.on("request", (request) => {
      asked.push(request.url().slice(site.url.length + 1));
      if (first.every((each) => asked.includes(each))) isAsked.resolve();
    });
    // Were they asked for by the scripts, these would never come.
    await visitor.route("**/assets/*.js", async (route) => {
      await isAsked.promise;
      await route.continue();
    });
    await visitor.goto(`${site.url}/`);
    await visitor
      .getByRole("region", { name: `Cluster ${pageCluster}` })
      .getByText("ldap1 (takes writes)")
      .waitFor();
    await visitor.getByRole("link", { name: "The whole timeline" }).waitFor();
    expect(first.map((each) => asked.filter((path) => path === each).length)).toEqual([1, 1]);
    const scripts = asked.filter((path) => path.endsWith(".js")).map((path) => path.replace(/-[\w-]{8}\.js$/, ""));
    expect(scripts.toSorted()).toEqual(["assets/first", "assets/rolldown-runtime"]);
    await visitor.context().close();
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

  it("two tabs that change the same attributes: the second decides on each, and saves what it decided", async () => {
    const other = await page.context().newPage();
    await openEntry(ann);
    await openEntry(ann, other);
    for (const [tab, name] of [
      [page, "Mine"],
      [other, "Theirs"],
    ] as const) {
      await tab.getByRole("textbox", { name: "givenName" }).fill(name);
      await tab.getByRole("button", { name: "Add a value of mail" }).click();
      await tab.getByRole("textbox", { name: "mail, value 2" }).fill(`${name.toLowerCase()}@example.com`);
    }
    await page.getByRole("textbox", { name: "homeDirectory" }).fill("/home/mine");
    await other.getByRole("button", { name: "Look at the change…" }).click();
    await other.getByRole("button", { name: "Save", exact: true }).click();
    await other.getByRole("dialog").waitFor({ state: "detached" });
    await other.close();
    await page.getByRole("button", { name: "Look at the change…" }).click();
    await page.getByRole("button", { name: "Save", exact: true }).click();

    const dialog = page.getByRole("dialog", { name: "Your change and somebody else's" });
    const givenName = dialog.getByRole("region", { name: "givenName" });
    await givenName.getByText("To be decided").waitFor();
    expect(await givenName.getByRole("group").allInnerTexts()).toEqual([
      expect.stringMatching(/^Theirs, as it is now\s+Theirs\s+new\s+Take theirs/i),
      expect.stringMatching(/^Yours\s+Mine\s+new\s+Take mine/i),
    ]);
    await dialog.getByRole("region", { name: "homeDirectory" }).getByText("It will be: /home/mine").waitFor();
    expect(await dialog.getByRole("button", { name: "Look at the change…" }).isDisabled()).toBe(true);
    expect(await violations(page)).toEqual([]);
    await fitsPhone(page);

    await pressUntilFocused(page, "Take theirs of givenName");
    await page.keyboard.press("Enter");
    await pressUntilFocused(page, "Take theirs of mail");
    await page.keyboard.press("Enter");
    await dialog
      .getByRole("group", { name: "Yours: mail" })
      .getByRole("checkbox", { name: /^mine@/ })
      .focus();
    await page.keyboard.press("Space");
    await pressUntilFocused(page, "Look at the change…", dialog);
    await page.keyboard.press("Enter");
    const preview = page.getByRole("dialog", { name: "This is what will be sent" });
    await preview.getByText("mail: mine@example.com").waitFor();
    await pressUntilFocused(page, "Save");
    await page.keyboard.press("Enter");
    await preview.waitFor({ state: "detached" });
    expect(await attributesOf(ann)).toMatchObject({
      givenName: ["Theirs"],
      mail: ["p1@example.com", "theirs@example.com", "mine@example.com"],
      homeDirectory: ["/home/mine"],
    });
  });

  it("an entry that is far down among a thousand others is shown by its address, and the tree opens to it", async () => {
    const far = `uid=p1090,${people}`;
    await page.goto(`${site.url}/c/${pageCluster}/tree?dn=${encodeURIComponent(far)}`);
    const row = page.getByRole("treeitem", { name: /^uid=p1090/, selected: true });
    await row.getByText("its place is further down").waitFor();
    expect(await page.getByRole("treeitem", { name: "uid=p1", exact: true }).count()).toBeLessThanOrEqual(1);
    await page.getByRole("tree").focus();
    await page.keyboard.press("End");
    await page.keyboard.press("End");
    // Once the rest has come it is in its place.
    await until("it to be where it belongs", async () => {
      await page.keyboard.press("End");
      return (await page.getByText("its place is further down").count()) === 0 && (await row.count()) === 1;
    });
  });

  it("as the tree is scrolled its rows become others: none is made, and none is drawn again for less than a row", async () => {
    const seen = (await page.evaluate(`(async () => {
      const tree = document.querySelector("[role=tree]");
      const frames = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      const scroll = async (to) => (tree.scrollTo(0, to), await frames(), [...tree.querySelectorAll("[role=treeitem]")]);
      const titles = (rows) => rows.map(({ title }) => title);
      await scroll(9_600);
      const before = await scroll(9_601);
      const names = titles(before);
      const changes = [];
      new MutationObserver((come) => changes.push(...come)).observe(tree, { subtree: true, childList: true, attributes: true, characterData: true });
      await scroll(9_615);
      const forLess = changes.length;
      const after = await scroll(19_201);
      const made = changes.reduce((sum, { addedNodes }) => sum + addedNodes.length, 0);
      return {
        ...{ forLess, made, count: before.length, areSame: after.every((row, index) => row === before[index]) },
        others: titles(after).filter((name) => !names.includes(name)).length,
      };
    })()`)) as Record<string, unknown>;
    expect(seen).toEqual({ forLess: 0, made: 0, count: seen.count, areSame: true, others: seen.count });
    expect(seen.count).toBeLessThan(50);
  });

  it("what is dragged onto another entry is moved below it, once the change was looked at", async () => {
    await page.goto(`${site.url}/c/${pageCluster}/tree?dn=${encodeURIComponent(`uid=p7,${people}`)}`);
    const row = page.getByRole("treeitem", { name: "uid=p7", exact: true, selected: true });
    await page.getByRole("heading", { level: 2, name: "Frances Hopper" }).waitFor();
    await page.getByText("homeDirectory").first().waitFor();
    // Else it would scroll with the row in its hand, and have another.
    await page.getByRole("tree").evaluate((tree) => tree.scrollTo(0, 0));
    await row.dragTo(page.getByRole("treeitem", { name: pageBase }));
    const dialog = page.getByRole("dialog", { name: "Move" });
    await dialog.getByText(`uid=p7,${people}`, { exact: true }).waitFor();
    await dialog.getByText(`newsuperior: ${pageBase}`).waitFor();
    expect(await attributesOf(`uid=p7,${pageBase}`)).toEqual({});
    await dialog.getByRole("button", { name: "Move", exact: true }).click();
    await dialog.waitFor({ state: "detached" });
    await page.waitForURL((url) => url.searchParams.get("dn") === `uid=p7,${pageBase}`);
    await row.waitFor();
    expect(await attributesOf(`uid=p7,${pageBase}`)).toMatchObject({ uid: ["p7"] });
  });

  it("the same is done by the keyboard, from the menu of the entry", async () => {
    const row = page.getByRole("treeitem", { name: "uid=p7", exact: true, selected: true });
    await until(
      "the rest of the level to have come",
      async () =>
        (await page.getByRole("tree").locator(".mantine-Loader-root").count()) === 0 && (await row.count()) === 1,
    );
    // Its row is out of sight, as by the wheel: the keys are still at it.
    await page.getByRole("tree").evaluate((tree) => tree.scrollTo(0, 0));
    await row.waitFor({ state: "detached" });
    await page.getByRole("tree").focus();
    await page.keyboard.press("Shift+F10");
    await page.getByRole("menuitem", { name: "Show the entry" }).waitFor();
    await row.waitFor();
    expect(await violations(page)).toEqual([]);
    for (let presses = 0; presses < 10; presses++) {
      if ((await page.locator(":focus").textContent()) === "Move…") break;
      await page.keyboard.press("ArrowDown");
    }
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Move" });
    await dialog.getByPlaceholder("A DN, or a name to find one by").fill(people);
    await pressUntilFocused(page, "Look at the change…", dialog);
    await page.keyboard.press("Enter");
    await dialog.getByText(`newsuperior: ${people}`).waitFor();
    await pressUntilFocused(page, "Move", dialog);
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.searchParams.get("dn") === `uid=p7,${people}`);
    expect(await attributesOf(`uid=p7,${people}`)).toMatchObject({ uid: ["p7"] });
  });

  it("a photo is chosen, cut to what matters, and saved", async () => {
    const owner = `uid=p3,${people}`;
    await openEntry(owner);
    await page.getByPlaceholder("Type to find one").fill("jpegPhoto");
    await page.getByRole("option", { name: /^jpegPhoto/ }).click();
    const choosing = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Choose a photo for jpegPhoto" }).click();
    // Red on the left, blue on the right.
    await (await choosing).setFiles({ name: "ada.png", mimeType: "image/png", buffer: twoColours(1_200, 400) });
    const cutting = page.getByRole("dialog", { name: "Choose what is seen of the photo" });
    const crop = cutting.locator(".ReactCrop__crop-selection");
    await until("a square to be chosen", async () => {
      const box = await crop.boundingBox();
      return box !== null && box.width > 100 && Math.abs(box.width - box.height) < 2;
    });
    expect(await violations(page)).toEqual([]);
    await crop.focus();
    const { x = 0, y = 0, width = 0 } = (await crop.boundingBox()) ?? {};
    await page.mouse.move(x + width / 2, y + width / 2);
    await page.mouse.down();
    await page.mouse.move(0, y + width / 2, { steps: 5 });
    await page.mouse.up();
    await cutting.getByRole("button", { name: "Use it" }).click();
    await page.getByRole("button", { name: "Look at the change…" }).click();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByRole("img", { name: "jpegPhoto" }).waitFor();
    const [photo = ""] = (await attributesOf(owner)).jpegPhoto ?? [];
    const drawn = await page.evaluate<object>(`(async () => {
      const image = document.querySelector('img[alt="jpegPhoto"]');
      await image.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const [red, , blue] = context.getImageData(canvas.width - 10, 10, 1, 1).data;
      return { width: canvas.width, height: canvas.height, isRed: red > 200 && blue < 60 };
    })()`);
    expect(photo.length).toBeGreaterThan(500);
    expect(drawn).toEqual({ width: 400, height: 400, isRed: true });
  });

  it("a certificate is shown as what it says", async () => {
    const owner = `uid=p5,${people}`;
    const files = resources.use(await temporaryDirectory("certificate"));
    const authority = await createCertificateAuthority(files.path);
    const { certificate } = await authority.issue("ada", ["ada.example.com"]);
    const base64 = (await readFile(certificate, "utf8")).replaceAll(/-----[^-]+-----|\s/g, "");
    const client = await site.manager.signIn(pageCluster, site.slapd.rootDn, site.slapd.rootPassword);
    await client.get(`PATCH /api/v1/clusters/${pageCluster}/entry`, {
      body: { dn: owner, read: {}, wanted: { "userCertificate;binary": [{ base64 }] } },
    });
    await openEntry(owner);
    const field = page.getByRole("group", { name: "userCertificate;binary" });
    await field
      .getByText(/^CN=ada\.example\.com, by CN=Espalier test authority; valid until in 4 weeks|in 29 days|in 30 days/)
      .waitFor();
    await field.getByRole("button", { name: "Choose a file for userCertificate;binary" }).waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it("a file that is dropped is checked, imported, and can be undone", async () => {
    await page.goto(`${site.url}/c/${pageCluster}/import`);
    const dn = `ou=printers,${pageBase}`;
    const ldif = `dn: ${dn}\nobjectClass: organizationalUnit\nou: printers\n`;
    const transfer = await page.evaluateHandle(`(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([${JSON.stringify(ldif)}], "printers.ldif", { type: "text/plain" }));
      return transfer;
    })()`);
    await page.getByRole("region", { name: "File" }).dispatchEvent("drop", { dataTransfer: transfer });
    await page.getByText("printers.ldif").first().waitFor();
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByText("1 looked at, 1 can be imported.").waitFor();
    expect(await attributesOf(dn)).toEqual({});
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Import 1", exact: true }).click();
    await page.getByText("1 looked at, 1 imported.").waitFor();
    expect(await attributesOf(dn)).toMatchObject({ ou: ["printers"] });
    await page.getByRole("link", { name: "Look at what was changed, or undo it" }).click();
    await page.getByRole("dialog").getByText("ou: printers").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Undo…" }).first().click();
    const undoing = page.getByRole("dialog", { name: /^Undo/ });
    await undoing.getByText("changetype: delete").waitFor();
    await undoing.getByRole("button", { name: "Undo", exact: true }).click();
    await undoing.waitFor({ state: "detached" });
    expect(await attributesOf(dn)).toEqual({});
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
    // The list behind it is still the one that was asked for.
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(new URL(page.url()).search).toContain("type=entry");
  });

  it("the timeline goes on by itself, keeps what it has shown when that is turned off, and catches up", async () => {
    await page.goto(`${site.url}/timeline?type=session.*`);
    const shown = page.getByRole("link", { name: "Signed in" });
    await shown.first().waitFor();
    const before = await shown.count();
    const oneMore = async () => {
      const visitor = await newPage();
      await visitor.goto(site.url);
      await signIn(visitor, "vera");
      await visitor.getByRole("heading", { level: 1, name: "Home" }).waitFor();
      await visitor.context().close();
    };
    await oneMore();
    await until("the first", async () => (await shown.count()) === before + 1);
    await page.getByRole("switch", { name: "Live" }).click();
    await oneMore();
    expect(await shown.count()).toBe(before + 1);
    await page.getByRole("switch", { name: "Live" }).click();
    await until("the second", async () => (await shown.count()) === before + 2);
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

  it("who has an account at the company's provider signs in with it, and lands where they wanted to go", async () => {
    site.provider!.person = { sub: "vera-1", claims: { preferred_username: "vera" } };
    const visitor = await newPage();
    await visitor.goto(`${site.url}/c/${pageCluster}/users`);
    await visitor.getByRole("link", { name: "Sign in with the company's account" }).click();
    await visitor.getByRole("heading", { level: 1, name: /^Users/ }).waitFor();
    await visitor.getByRole("button", { name: "You" }).click();
    await visitor.getByText(/vera/).first().waitFor();
    await visitor.context().close();
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
    "%s is there by its address, and everybody can use it, in light and in dark, on a phone",
    async ([, screen]) => {
      await openScreen(page, site.url, screen);
      expect(await violations(page)).toEqual([]);
      await fitsPhone(page);
    },
  );

  it("nothing is cut off on a very wide screen", async () => {
    await page.setViewportSize({ width: 3_840, height: 740 });
    for (const screen of screens.filter(({ name }) => ["entry", "users", "search-found"].includes(name))) {
      await openScreen(page, site.url, screen);
      await fitsWindow(page);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it("signing out ends the session, and the way back shows nothing", async () => {
    await page.goto(`${site.url}/`);
    await page.getByRole("button", { name: "You" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.goBack();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(await page.context().cookies()).toEqual([]);
  });

  it("no screen broke its Content-Security-Policy, nor anything else", () => {
    expect(complaints).toEqual([]);
  });
});

/** A PNG whose left half is red and whose right half is blue. */
function twoColours(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const named = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits, red green blue.
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([
    Buffer.from([0]),
    ...Array.from({ length: width }, (_, x) => Buffer.from(x < width / 2 ? [255, 0, 0] : [0, 0, 255])),
  ]);
  const rows = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", rows), chunk("IEND", Buffer.alloc(0))]);
}
