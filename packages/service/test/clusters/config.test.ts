import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  clusterNodes,
  clustersSection,
  configurationJsonSchema,
  configurationReference,
  foreignSection,
  loadConfiguration,
  logSection,
  Secret,
} from "../../src/index.ts";
import { problemsOf, yamlFile } from "../configuration/gateway-section.ts";

function load(text: string, environment: Record<string, string> = {}) {
  return loadConfiguration({ file: yamlFile(text), environment, sections: [clustersSection] }).values.clusters;
}

function problems(text: string) {
  return problemsOf(() => load(text));
}

/** A cluster with these lines more. */
function cluster(...lines: string[]): string {
  return ["clusters:", "  - name: main", ...lines.map((line) => `    ${line}`), ""].join("\n");
}

const defaults = {
  description: "",
  base_dn: "",
  readonly: false,
  allow_cleartext: false,
  multi_master: false,
  read_order: "last-first",
  timeout: 30_000,
  connect_timeout: 2_000,
  pool: { size: 4, idle: 300_000 },
  proxied_authorization: false,
  templates: {},
  table_columns: { users: [], groups: [], ous: [] },
  password_policy: { min_length: 0, require_confirmation: true },
};

const field = { required: false, readonly: false };

describe("the config.yml of the system that the manager replaces", () => {
  const file = fileURLToPath(new URL("old-config.yml", import.meta.url));

  it("works as it is, with every key it has", () => {
    const { values } = loadConfiguration({ file, environment: {}, sections: [clustersSection, logSection] });
    expect(values.clusters).toEqual([
      {
        ...defaults,
        name: "production",
        description: "Production LDAP",
        host: "192.168.0.101",
        port: 389,
        bind_dn: "cn=Manager,dc=example,dc=com",
        bind_password: undefined,
        base_dn: "dc=example,dc=com",
        user_creation_form: {
          base_ou: "ou=People,dc=example,dc=com",
          object_classes: ["inetOrgPerson", "posixAccount", "shadowAccount"],
          fields: [
            { ...field, name: "uid", label: "Username", type: "text", required: true, placeholder: "jdoe" },
            { ...field, name: "mail", label: "Email", type: "email" },
            { ...field, name: "userPassword", label: "Password", type: "password", required: true },
            {
              ...field,
              ...{ name: "uidNumber", label: "UID number", type: "number", auto_generate: "next_uid", readonly: true },
            },
            {
              ...field,
              ...{ name: "gidNumber", label: "Group", type: "select", default: 2000 },
              options: [{ value: "2000", label: "Staff" }, "2001"],
            },
            {
              ...field,
              ...{ name: "loginShell", label: "Shell", type: "select", default: "/bin/bash" },
              options: ["/bin/bash", "/bin/sh"],
            },
            // biome-ignore lint/suspicious/noTemplateCurlyInString: it names a field of the form, no variable
            { ...field, name: "homeDirectory", label: "Home", type: "text", auto_generate: "/home/${uid}" },
            {
              ...field,
              ...{ name: "shadowLastChange", label: "Last change", type: "number", auto_generate: "days_since_epoch" },
            },
            { ...field, name: "active", label: "Active", type: "checkbox", default: true },
          ],
        },
        table_columns: {
          users: [
            { name: "uid", label: "Username", default_visible: true },
            { name: "mail", label: "Email", default_visible: false },
          ],
          groups: [{ name: "cn", label: "Group", default_visible: true }],
          ous: [{ name: "ou", label: "Unit", default_visible: true }],
        },
        password_policy: { min_length: 8, require_confirmation: true },
      },
      {
        ...defaults,
        name: "mirror",
        nodes: [
          { host: "ldap1", port: 389, name: "first" },
          { host: "ldap2", port: 389 },
          { host: "2001:db8::3", port: 636 },
        ],
        bind_dn: "cn=Manager,dc=example,dc=com",
        bind_password: undefined,
        readonly: true,
      },
    ]);
  });

  it("encrypts what it sent in clear text: StartTLS, which is required, and ldaps on port 636", () => {
    const { values } = loadConfiguration({ file, environment: {}, sections: [clustersSection] });
    expect(values.clusters.flatMap((each) => clusterNodes(each))).toEqual([
      { name: "192.168.0.101:389", host: "192.168.0.101", port: 389, security: "starttls" },
      { name: "first", host: "ldap1", port: 389, security: "starttls" },
      { name: "ldap2:389", host: "ldap2", port: 389, security: "starttls" },
      { name: "[2001:db8::3]:636", host: "2001:db8::3", port: 636, security: "ldaps" },
    ]);
  });

  it("does not hinder a service that has no use for it, whatever is in it", () => {
    const { values } = loadConfiguration({
      ...{ file, environment: {}, sections: [logSection] },
      optionalSections: [foreignSection(clustersSection)],
    });
    expect(values.log).toEqual({ level: "info" });
  });
});

describe("how a node is spoken to", () => {
  it.each([
    ["a name, no key", ["host: ldap1"], "ldap1", 389, "starttls"],
    ["ldaps", ["host: ldap1", "tls: ldaps"], "ldap1", 636, "ldaps"],
    ["a certificate authority alone", ["host: ldap1", "tls: { ca_file: /ca.pem }"], "ldap1", 389, "starttls"],
    ["the same on port 636", ["host: ldap1", "port: 636", "tls: { ca_file: /ca.pem }"], "ldap1", 636, "ldaps"],
    ["this machine", ["host: localhost"], "localhost", 389, "starttls-if-offered"],
    ["this machine, IPv6", ["host: '::1'"], "::1", 389, "starttls-if-offered"],
    ["this machine, TLS asked for", ["host: 127.0.0.1", "tls: starttls"], "127.0.0.1", 389, "starttls"],
    ["this machine in clear text", ["host: 127.0.0.9", "tls: none"], "127.0.0.9", 389, "none"],
    ["clear text allowed", ["host: ldap1", "allow_cleartext: true"], "ldap1", 389, "starttls-if-offered"],
    [
      "clear text allowed and TLS asked for",
      ["host: a", "allow_cleartext: true", "tls: starttls"],
      "a",
      389,
      "starttls",
    ],
    ["clear text allowed and wanted", ["host: a", "allow_cleartext: true", "tls: none"], "a", 389, "none"],
  ])("%s", (_, lines, host, port, security) => {
    const [loaded] = load(cluster(...lines));
    expect(clusterNodes(loaded!)).toEqual([
      { name: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`, host, port, security },
    ]);
  });

  it("is in clear text over a network only where `allow_cleartext` is set, whatever else is", () => {
    const mode = fc.constantFrom(undefined, "ldaps", "starttls", "none");
    const hosts = fc.constantFrom("ldap1.example.com", "192.0.2.1", "2001:db8::1", "localhost", "127.0.0.1", "::1");
    fc.assert(
      fc.property(
        fc.array(fc.record({ host: hosts, port: fc.constantFrom(undefined, 389, 636, 3890) }), { minLength: 1 }),
        mode,
        fc.boolean(),
        (nodes, tls, isObject) => {
          const written = tls === undefined ? {} : { tls: isObject ? { mode: tls } : tls };
          const { data } = clustersSection.schema.safeParse([{ name: "main", nodes, ...written }]);
          const isSafe = (data ?? [])
            .flatMap((each) => clusterNodes(each))
            .every(
              ({ host, security }) => /^(?:ldaps|starttls)$/.test(security) || /^(?:localhost|127\.|::1)/.test(host),
            );
          expect(isSafe).toBe(true);
        },
      ),
    );
  });
});

describe("what is wrong with a cluster", () => {
  it.each([
    [
      "is told for no cluster at all",
      "clusters:\n",
      ["espalier.yaml:1:10: clusters: is missing: set it with clusters in espalier.yaml"],
    ],
    ["is told for an empty list", "clusters: []\n", ["espalier.yaml:1:11: clusters: must have at least 1 item"]],
    [
      "is told for keys where a list is wanted",
      "clusters: { name: a }\n",
      ["espalier.yaml:1:11: clusters: must be a list"],
    ],
    [
      "is told for no server",
      cluster(),
      ["espalier.yaml:2:5: clusters[0].host: is missing: name the server, or several as `nodes`"],
    ],
    [
      "is told for one server and several",
      cluster("host: a", "port: 389", "nodes: [{ host: b }]"),
      [
        "espalier.yaml:3:11: clusters[0].host: cannot be there together with `nodes`",
        "espalier.yaml:4:11: clusters[0].port: belongs to each of the `nodes`",
      ],
    ],
    [
      "is told for keys that were spelt otherwise somewhere, with the key that is meant",
      cluster("host: a", "bind_pasword: x", "table_columns: { users: [{ name: a, visible: true }] }"),
      [
        "espalier.yaml:4:5: clusters[0].bind_pasword: is not a key that exists; did you mean bind_password?",
        "espalier.yaml:5:41: clusters[0].table_columns.users[0].visible: is not a key that exists; known here: default_visible, label, name",
      ],
    ],
    [
      "is told for a field of a form",
      cluster(
        "host: a",
        "user_creation_form:",
        "  base_ou: People",
        "  object_classes: [person]",
        "  fields:",
        "    - { name: a, type: txt }",
      ),
      [
        "espalier.yaml:5:16: clusters[0].user_creation_form.base_ou: must be a DN, such as ou=people,dc=example,dc=com",
        'espalier.yaml:8:28: clusters[0].user_creation_form.fields[0].type: must be text, email, password, number, select, checkbox or textarea, not "txt"; did you mean text?',
      ],
    ],
    [
      "is told for clear text over a network",
      cluster("nodes: [{ host: localhost }, { host: ldap2 }]", "tls: none"),
      [
        "espalier.yaml:4:10: clusters[0].tls: would send passwords to ldap2:389 in clear text: use starttls or ldaps, or set allow_cleartext",
      ],
    ],
    [
      "is told for clear text as a mode",
      cluster("host: ldap2", "tls:", "  mode: none"),
      [
        "espalier.yaml:5:13: clusters[0].tls.mode: would send passwords to ldap2:389 in clear text: use starttls or ldaps, or set allow_cleartext",
      ],
    ],
    [
      "is told for a host that is a URL",
      cluster("host: ldaps://ldap1"),
      [
        "espalier.yaml:3:11: clusters[0].host: must be a name or an address alone, such as ldap1.example.com, 192.0.2.7 or 2001:db8::7",
      ],
    ],
    [
      "is told for a node that is there twice",
      cluster("nodes: [{ host: a }, { host: a, port: 389 }]"),
      ["espalier.yaml:3:26: clusters[0].nodes[1]: is another node of this cluster too: a:389"],
    ],
    [
      "is told for a name that is there twice",
      "clusters:\n  - { name: a, host: x }\n  - { name: a, host: y }\n",
      ["espalier.yaml:3:13: clusters[1].name: is the name of another cluster too: a"],
    ],
    [
      "is told for an account that is not there",
      cluster("host: a", "shared_login: { roles: [admin] }", "proxied_authorization: true"),
      [
        "espalier.yaml:4:19: clusters[0].shared_login: needs `bind_dn`, the account that is shared",
        "espalier.yaml:5:28: clusters[0].proxied_authorization: needs `bind_dn` and `bind_password`, the account that acts for others",
      ],
    ],
    [
      "is told for half a client certificate and a canary that may not write",
      cluster("host: a", "tls: { cert_file: a.pem }", "readonly: true", "canary: { under: dc=x }"),
      [
        "espalier.yaml:4:23: clusters[0].tls.cert_file: needs `key_file` beside it",
        "espalier.yaml:6:13: clusters[0].canary: writes an entry, and the cluster is `readonly`: remove one of them",
      ],
    ],
  ])("%s", (_, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  it("does not repeat a password", () => {
    expect(problems(cluster("host: a", "bind_password: [hunter2]"))).toEqual([
      "espalier.yaml:4:20: clusters[0].bind_password: must be text",
    ]);
  });
});

describe("variables in a list", () => {
  it("are filled in, but for the text in which a form names its own fields", () => {
    const text = cluster(
      "host: $" + "{HOST}",
      "bind_dn: cn=admin,dc=x",
      "bind_password: $" + "{PASSWORD}",
      "templates:",
      "  people:",
      "    base_ou: dc=x",
      "    object_classes: [person]",
      "    fields: [{ name: a, auto_generate: '$" + "{uid}', placeholder: '$" + "{HOST}' }]",
    );
    const [loaded] = load(text, { HOST: "ldap1", PASSWORD: "hunter2" });
    expect(loaded?.bind_password).toBeInstanceOf(Secret);
    expect([loaded?.host, loaded?.bind_password?.reveal()]).toEqual(["ldap1", "hunter2"]);
    expect(loaded?.templates.people?.fields).toEqual([
      { ...field, name: "a", type: "text", auto_generate: "$" + "{uid}", placeholder: "ldap1" },
    ]);
  });

  it("that are not set stop the start, with the line", () => {
    expect(problems(cluster("host: $" + "{HOST}"))).toEqual([
      "espalier.yaml:3:11: clusters[0].host: $" +
        "{HOST}: the variable HOST is not set: set it, or write $" +
        "{HOST:-default}",
    ]);
  });
});

describe("the documents", () => {
  it("have a row for each key of a cluster, and a schema of the list", () => {
    const reference = configurationReference([clustersSection]);
    expect(reference).toContain(
      "| `clusters[].nodes[].port` | number |  |  | 389, or 636 with `tls: ldaps`, unless set. |",
    );
    expect(reference).toContain("| `clusters[].pool.idle` | duration | `5m` |  | How long one is kept unused. |");
    expect(reference).toContain(
      "| `clusters[].templates.<name>.base_ou` | text | required |  | Where entries are added. |",
    );
    const { properties } = configurationJsonSchema([clustersSection]) as {
      properties: { clusters: { type: string; items: { properties: object; additionalProperties: boolean } } };
    };
    const { type, items } = properties.clusters;
    expect([type, items.additionalProperties]).toEqual(["array", false]);
    expect(Object.keys(items.properties)).toEqual(Object.keys(clustersSection.schema.element.shape));
  });
});
