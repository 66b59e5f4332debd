/** The manager's browser page as people use it: `espalier manager` over a slapd of a company, and Debian's Chromium. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { type OpenIdProvider, startOpenIdProvider } from "../../packages/manager/test/sessions/openid-provider.ts";
import {
  createCertificateAuthority,
  formatEntries,
  type LdifEntry,
  type Manager,
  programPath,
  type Slapd,
  ssha,
  startManager,
  startSlapd,
  startSlapdMirror,
  temporaryDirectory,
} from "../lab/index.ts";

export interface PageSiteOptions {
  /** Below ou=people; 400 unless said. */
  readonly people?: number;
  /** Of the group `everybody`; 0 unless said. They need not be people. */
  readonly members?: number;
  /** Servers that replicate each other; one unless said. */
  readonly nodes?: number;
  readonly contextPath?: string;
  /** True: people can also sign in at an OpenID provider, which takes everybody for `provider.person`. */
  readonly openId?: boolean;
  /** Where promises are shown from. */
  readonly prometheus?: string;
}

export interface PageSite extends AsyncDisposable {
  readonly url: string;
  /** The one that takes writes. */
  readonly slapd: Slapd;
  readonly manager: Manager;
  readonly browser: Browser;
  /** Where it was asked for. */
  readonly provider: OpenIdProvider | undefined;
  /** A tab of somebody who has not signed in, in a browser profile of its own. */
  newPage(options?: BrowserContextOptions): Promise<Page>;
}

/** The longest that the page may take for anything. */
const timeoutMs = 8_000;

export const pagePrograms = { slapd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl", chromium: "chromium" };

/** Its administrator is the root DN of its slapd; `hugo` helps, for which he needs a second factor; everybody may look. */
export const pageCluster = "production";
/** Of everybody. */
export const pagePassword = "correct horse";
export const pageBase = "dc=example,dc=com";

export async function startPageSite(options: PageSiteOptions = {}): Promise<PageSite> {
  const { nodes: count = 1, contextPath = "", openId = false, prometheus } = options;
  await using cleanup = new AsyncDisposableStack();
  const ldif = formatEntries(company(options));
  const nodes = await startDirectory(cleanup, ldif, count);
  const [slapd] = nodes as readonly [Slapd];
  let provider: OpenIdProvider | undefined;
  const manager = cleanup.use(
    await startManager({
      async configuration(origin) {
        const callback = `${origin}${contextPath}/api/v1/session/oidc/company/callback`;
        if (openId) provider = cleanup.use(await startOpenIdProvider([callback]));
        return {
          clusters: [clusterOf(nodes)],
          manager: {
            totp: { required: ["helpdesk"] },
            ...(prometheus === undefined ? {} : { prometheus: { url: prometheus } }),
            ...(provider === undefined ? {} : { publicUrl: origin, oidc: { company: openIdOf(provider) } }),
          },
          notify,
        };
      },
      environment: contextPath === "" ? {} : { CONTEXT_PATH: contextPath },
    }),
  );
  const browser = await chromium.launch({ executablePath: programPath("chromium"), args: ["--no-sandbox"] });
  cleanup.defer(() => browser.close());
  const resources = cleanup.move();
  return {
    ...{ url: manager.url, slapd, manager, browser, provider },
    async newPage(contextOptions = {}) {
      const context = await browser.newContext({ locale: "en-GB", ...contextOptions });
      context.setDefaultTimeout(timeoutMs);
      return context.newPage();
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Whoever it names acts as the administrator of the directory, with what their own roles allow. */
function openIdOf({ issuer, clientId, clientSecret }: OpenIdProvider) {
  return {
    ...{ issuer, clientId, clientSecret, label: "Sign in with the company's account" },
    dn: `uid={preferred_username},ou=people,${pageBase}`,
    clusters: [pageCluster],
    serviceAccount: true,
  };
}

async function startDirectory(cleanup: AsyncDisposableStack, ldif: string, count: number): Promise<readonly Slapd[]> {
  const common = { ldif, overlays: ["ppolicy"] };
  if (count === 1) return [cleanup.use(await startSlapd({ ...common, monitor: true }))];
  const files = cleanup.use(await temporaryDirectory("page-certificate"));
  const certificate = await (await createCertificateAuthority(files.path)).issue("ldap", ["localhost", "127.0.0.1"]);
  return cleanup.use(await startSlapdMirror({ ...common, certificate, nodes: count })).nodes;
}

/** What the page shows of notifications; nobody sends them here. */
const notify = {
  sources: { alertmanager: { secrets: ["a token that is long enough"] } },
  channels: {
    mail: { host: "mail.example.com", from: "espalier@example.com", to: ["admin@example.com"] },
    phone: { kind: "ntfy", url: "https://ntfy.example.com", topic: "directory" },
  },
  routes: [
    {
      name: "trouble",
      match: { severity: "high+" },
      channels: ["phone"],
      escalate: [{ after: "15m", channels: ["mail"] }],
    },
    { name: "changes", match: { type: "entry.*" }, channels: ["mail"], digest: "1h" },
  ],
};

function clusterOf(nodes: readonly Slapd[]) {
  return {
    name: pageCluster,
    description: "The directory of Example Ltd",
    base_dn: pageBase,
    bind_dn: nodes[0]!.rootDn,
    bind_password: nodes[0]!.rootPassword,
    nodes: nodes.map(({ port }, index) => ({ host: "127.0.0.1", port, name: `ldap${index + 1}` })),
    roles: [
      { role: "admin", users: [nodes[0]!.rootDn] },
      { role: "helpdesk", users: [`uid=hugo,ou=people,${pageBase}`] },
      { role: "viewer", users: ["*"] },
    ],
    user_creation_form: {
      base_ou: `ou=people,${pageBase}`,
      object_classes: ["inetOrgPerson", "posixAccount"],
      fields: [
        { name: "uid", label: "Login name", type: "text", required: true, placeholder: "jdoe" },
        { name: "cn", label: "Full name", type: "text", required: true },
        { name: "sn", label: "Surname", type: "text", required: true },
        { name: "mail", label: "Mail", type: "email" },
        { name: "uidNumber", label: "User number", type: "number", auto_generate: "next_uid", readonly: true },
        { name: "gidNumber", label: "Group", type: "select", default: "100", options: ["100", "200"] },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how the file has it
        { name: "homeDirectory", label: "Home", type: "text", auto_generate: "/home/${uid}" },
      ],
    },
  };
}

const given = ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Radia", "Donald", "Frances", "Ken", "Margaret", "Zoë"];
const family = ["Hopper", "Turing", "Liskov", "Perlman", "Knuth", "Allen", "Hamilton", "Müller", "Nuñez", "O'Brien"];
const departments = ["Engineering", "Finance", "Sales", "Support"];

/** Everybody has a name of their own; `uid=p0` to `uid=p399`. */
function company({ people = 400, members = 0 }: PageSiteOptions): LdifEntry[] {
  const unit = (ou: string, description: string): LdifEntry => ({
    dn: `ou=${ou},${pageBase}`,
    attributes: [
      ["objectClass", ["organizationalUnit"]],
      ["ou", [ou]],
      ["description", [description]],
    ],
  });
  const dnOf = (uid: string) => `uid=${uid},ou=people,${pageBase}`;
  const person = (uid: string, cn: string, index: number): LdifEntry => ({
    dn: dnOf(uid),
    attributes: [
      ["objectClass", ["inetOrgPerson", "posixAccount"]],
      ["uid", [uid]],
      ["cn", [cn]],
      ["givenName", [cn.split(" ")[0]!]],
      ["sn", [cn.split(" ").at(-1)!]],
      ["mail", [`${uid}@example.com`]],
      ["departmentNumber", [departments[index % departments.length]!]],
      ["uidNumber", [String(2_000 + index)]],
      ["gidNumber", ["100"]],
      ["homeDirectory", [`/home/${uid}`]],
      ["userPassword", [password]],
    ],
  });
  // One hash for all: what is tested here is the page.
  const password = ssha(pagePassword, pageCluster);
  const persons = Array.from({ length: people }, (_, index) => {
    const name = `${given[index % given.length]} ${family[Math.floor(index / given.length) % family.length]}`;
    const round = Math.floor(index / (given.length * family.length));
    return person(`p${index}`, round === 0 ? name : `${name} ${round + 1}`, index);
  });
  const group = (cn: string, description: string, member: readonly string[]): LdifEntry => ({
    dn: `cn=${cn},ou=groups,${pageBase}`,
    attributes: [
      ["objectClass", ["groupOfNames"]],
      ["cn", [cn]],
      ["description", [description]],
      ["member", member],
    ],
  });
  return [
    {
      dn: pageBase,
      attributes: [
        ["objectClass", ["dcObject", "organization"]],
        ["dc", ["example"]],
        ["o", ["Example Ltd"]],
      ],
    },
    unit("people", "Everybody with an account"),
    unit("groups", "Who may do what"),
    unit("machines", "Computers that are joined"),
    person("vera", "Vera Viewer", 10_000),
    person("hugo", "Hugo Helper", 10_001),
    ...persons,
    ...departments.map((name, index) =>
      group(
        name.toLowerCase(),
        `Everybody in ${name}`,
        persons.filter((_, at) => at % departments.length === index && at < 80).map(({ dn }) => dn),
      ),
    ),
    ...(members === 0
      ? []
      : [
          group(
            "everybody",
            "All accounts of the company",
            Array.from({ length: members }, (_, index) => dnOf(`p${index}`)),
          ),
        ]),
  ];
}
