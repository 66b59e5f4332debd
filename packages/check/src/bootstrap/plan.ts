/** The plan of a new directory: what is in it, and where its passwords come from. Never the passwords themselves. */
import { ParseError, parseDn } from "@espalier/ldap";
import { defineSection, loadConfiguration, nearestWord } from "@espalier/service";
import { z } from "zod";

/** Schemes that hashes are made in, as the servers write them. */
const hashSchemes = ["ARGON2", "PBKDF2-SHA512", "PBKDF2-SHA256", "SSHA"] as const;
export type HashScheme = (typeof hashSchemes)[number];

/** Where a password is: in a file, relative to the plan, or in a variable of the environment. */
export type PasswordSource = { readonly file: string } | { readonly env: string };

const passwordAdvice =
  "must say where the password is and not what it is: `{ file: secrets/ann }`, or `{ env: ANN_PASSWORD }`; if this was a password, it is known now to whoever reads the plan";

/** Whatever else is written there may be a password, so that no message repeats it. */
const passwordSource = () =>
  z.unknown().transform((value, context): PasswordSource => {
    const keys = typeof value === "object" && value !== null ? Object.entries(value) : [];
    const [key, text] = keys.length === 1 ? keys[0]! : [];
    if (key === "file" && typeof text === "string" && text !== "") return { file: text };
    if (key === "env" && typeof text === "string" && /^[A-Za-z_][A-Za-z0-9_]*$/.test(text)) return { env: text };
    context.addIssue({ code: "custom", message: passwordAdvice });
    return z.NEVER;
  });

const name = () => z.string().min(1).max(256);
const baseAdvice = "must be a DN that begins with dc=, o= or ou=, such as dc=example,dc=com";

const base = z.string().superRefine((text, context) => {
  try {
    const [rdn] = parseDn(text);
    if (rdn?.length === 1 && /^(?:dc|o|ou)$/i.test(rdn[0]!.type) && typeof rdn[0]!.value === "string") return;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
  }
  context.addIssue({ code: "custom", message: baseAdvice, input: text });
});

const account = {
  description: name().optional().describe("For people who read the entry."),
};

const administrator = z.strictObject({
  ...account,
  name: name().default("admin").describe("Its entry is `cn=NAME` right below the base."),
  password: passwordSource().describe("`{ file: PATH }` or `{ env: NAME }`."),
});

const service = z.strictObject({
  ...account,
  name: name().describe("Its entry is `cn=NAME` in the unit of services."),
  password: passwordSource().describe("`{ file: PATH }` or `{ env: NAME }`."),
});

const number = () => z.number().int().min(0).max(4_294_967_294);

const user = z
  .strictObject({
    ...account,
    uid: name().describe("The login; its entry is `uid=UID` in the unit of users."),
    givenName: name().optional(),
    surname: name(),
    name: name().optional().describe("`cn`; given name and surname unless set."),
    mail: z.union([name().transform((text) => [text]), z.array(name()).min(1)]).optional(),
    uidNumber: number().optional().describe("With `gidNumber` the user has a POSIX account."),
    gidNumber: number().optional(),
    homeDirectory: name().optional().describe("`/home/UID` unless set."),
    loginShell: name().optional(),
    password: passwordSource()
      .optional()
      .describe("`{ file: PATH }` or `{ env: NAME }`; without one nobody can log in as the user."),
  })
  .refine(({ uidNumber, gidNumber }) => (uidNumber === undefined) === (gidNumber === undefined), {
    error: "needs both of uidNumber and gidNumber, or none of them",
  });

const group = z.strictObject({
  ...account,
  name: name().describe("Its entry is `cn=NAME` in the unit of groups."),
  gidNumber: number().optional().describe("With one it is a POSIX group."),
  members: z.array(name()).default([]).describe("`uid` of users in this plan."),
});

const planSection = defineSection({
  name: "directory",
  description: "A new directory.",
  schema: z
    .strictObject({
      base: base.describe("The DN that everything is below."),
      organization: name().optional().describe("`o` of the base; the value of its first part unless set."),
      scheme: z
        .enum(hashSchemes)
        .describe(
          "`ARGON2` where slapd loads its module argon2, `PBKDF2-…` where it loads pw-pbkdf2 and with 389-DS, `SSHA` everywhere.",
        ),
      schema: z
        .enum(["rfc2307", "rfc2307bis"])
        .default("rfc2307")
        .describe("What a POSIX group is: `rfc2307` lists `memberUid`, `rfc2307bis` is a groupOfNames as well."),
      units: z.array(name()).default([]).describe("More organizational units below the base."),
      userUnit: name().default("people"),
      groupUnit: name().default("groups"),
      serviceUnit: name().default("services"),
      administrator: administrator.optional(),
      services: z.array(service).default([]),
      users: z.array(user).default([]),
      groups: z.array(group).default([]),
    })
    .superRefine((plan, context) => {
      const once = (path: string, key: string, values: readonly (string | number | undefined)[]) => {
        const seen = new Set<string>();
        for (const [index, value] of values.entries()) {
          if (value === undefined) continue;
          const word = String(value).toLowerCase();
          if (seen.has(word)) context.addIssue({ code: "custom", path: [path, index, key], message: "is used twice" });
          seen.add(word);
        }
      };
      once(
        "services",
        "name",
        plan.services.map(({ name }) => name),
      );
      once(
        "users",
        "uid",
        plan.users.map(({ uid }) => uid),
      );
      once(
        "users",
        "uidNumber",
        plan.users.map(({ uidNumber }) => uidNumber),
      );
      once(
        "groups",
        "name",
        plan.groups.map(({ name }) => name),
      );
      once(
        "groups",
        "gidNumber",
        plan.groups.map(({ gidNumber }) => gidNumber),
      );
      const uids = plan.users.map(({ uid }) => uid);
      for (const [index, { members, gidNumber }] of plan.groups.entries()) {
        const isOfNames = gidNumber === undefined || plan.schema === "rfc2307bis";
        if (isOfNames && members.length === 0) {
          const message = "must name somebody: a groupOfNames without members is refused by servers";
          context.addIssue({ code: "custom", path: ["groups", index, "members"], message });
        }
        for (const [at, member] of members.entries()) {
          if (uids.includes(member)) continue;
          const nearest = nearestWord(member, uids);
          const question = nearest === undefined ? "" : `; did you mean ${nearest}?`;
          context.addIssue({
            code: "custom",
            path: ["groups", index, "members", at],
            message: `is no user of this plan${question}`,
          });
        }
      }
    }),
});

export type BootstrapPlan = Readonly<ReturnType<(typeof planSection)["schema"]["parse"]>>;

/** @throws {ConfigurationError} with every problem, by `file:line:column`. */
export function readPlan(file: string, environment: Readonly<Record<string, string | undefined>>): BootstrapPlan {
  return loadConfiguration({ file, environment, sections: [planSection] }).values.directory;
}
