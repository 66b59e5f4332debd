/** Every screen of the page, by its address: what is looked at in screenshots, and what is tested for accessibility. */
import type { Page } from "playwright-core";
import { until } from "../lab/index.ts";
import { type PageSite, pageBase, pageCluster, pagePassword } from "./page-site.ts";

export interface Screen {
  readonly name: string;
  /** Below the page's own. */
  readonly path: string;
  /** The title that is there when it has loaded. */
  readonly heading: string | RegExp;
  /** What else must have come. */
  readonly shows?: string;
  /** Makes it what is to be looked at. */
  readonly prepare?: (page: Page) => Promise<void>;
}

/** What stands in the place of what is on its way. */
const pending = ".mantine-Skeleton-root, .mantine-Loader-root";

const dn = (rdn: string) => encodeURIComponent(`${rdn},${pageBase}`);
const at = (path: string) => `/c/${pageCluster}/${path}`;
const person = `uid=p7,ou=people`;

export const screens: readonly Screen[] = [
  { name: "home", path: "/", heading: "Home", shows: "ldap1 (takes writes)" },
  { name: "me", path: "/me", heading: "You", shows: "Sessions" },
  { name: "tree", path: at(`tree?dn=${dn(person)}`), heading: /^Tree/, shows: "uid=p7" },
  { name: "entry", path: at(`entry?dn=${dn(person)}`), heading: "Frances Hopper", shows: "homeDirectory" },
  ...(["groups", "history", "ldif", "compare"] as const).map((tab) => ({
    name: `entry-${tab}`,
    path: at(`entry?dn=${dn(person)}&tab=${tab}`),
    heading: "Frances Hopper",
  })),
  { name: "search", path: at("search"), heading: /^Search/ },
  {
    name: "search-found",
    path: at(`search?filter=${encodeURIComponent("(&(objectClass=person)(departmentNumber=Sales))")}`),
    heading: /^Search/,
    shows: "uid=p2,",
  },
  { name: "users", path: at("users"), heading: /^Users/, shows: "p1@example.com" },
  { name: "users-new", path: at("users?dialog=create"), heading: /^Users/, shows: "Login name" },
  { name: "groups", path: at("groups"), heading: /^Groups/, shows: "finance" },
  {
    name: "group",
    path: at(`groups?dn=${dn("cn=engineering,ou=groups")}`),
    heading: /Groups|engineering/,
    shows: "Add members…",
  },
  { name: "import", path: at("import"), heading: /Import/ },
  { name: "changes", path: at("changes"), heading: /^Changes/ },
  { name: "schema", path: at("schema?kind=class&name=inetOrgPerson"), heading: /^Schema/, shows: "inetOrgPerson" },
  ...(["now", "history", "diff"] as const).map((tab) => ({
    name: `replication-${tab}`,
    path: at(`replication?tab=${tab}`),
    heading: /^Replication/,
  })),
  { name: "monitoring", path: at("monitoring"), heading: /Monitoring/ },
  { name: "slos", path: "/slos", heading: "Promises", shows: "No Prometheus is configured" },
  { name: "findings", path: "/findings", heading: "Findings", shows: "This process makes no checks" },
  ...(["channels", "deliveries", "routes", "refused"] as const).map((tab) => ({
    name: `notifications-${tab}`,
    path: `/notifications?tab=${tab}`,
    heading: "Notifications",
  })),
  { name: "approvals", path: "/approvals", heading: "Approvals", shows: "Nobody was asked about a login lately." },
  { name: "timeline", path: "/timeline", heading: "Timeline", shows: "session.opened" },
];

/** Of the cluster. */
export function signInAsAdministrator(page: Page, { slapd }: PageSite): Promise<void> {
  return signIn(page, slapd.rootDn, slapd.rootPassword);
}

/** From the screen for signing in, wherever that leads to afterwards. */
export async function signIn(page: Page, name: string, password = pagePassword): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "You" }).waitFor();
}

/** Goes to it by its address, as who opens a bookmark. */
export async function openScreen(page: Page, url: string, screen: Screen): Promise<void> {
  await page.goto(url + screen.path);
  await page.getByRole("heading", { level: 1, name: screen.heading }).waitFor();
  if (screen.shows !== undefined) await page.getByText(screen.shows).first().waitFor();
  await until("everything to have come", async () => (await page.locator(pending).count()) === 0);
  await screen.prepare?.(page);
}
