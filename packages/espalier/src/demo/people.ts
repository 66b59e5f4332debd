/** The made-up people of the demo directory: the same two hundred every time. */
import { createHash } from "node:crypto";

export interface DemoUser {
  readonly uid: string;
  readonly uidNumber: number;
  readonly givenName: string;
  readonly sn: string;
  readonly status: "active" | "suspended";
  /** Numbers of the groups the user is in, the primary one first. */
  readonly groups: readonly number[];
}

const givenNames = [
  "Ada",
  "Bela",
  "Carla",
  "Dario",
  "Edda",
  "Farid",
  "Greta",
  "Hugo",
  "Ines",
  "Jonas",
  "Kira",
  "Luis",
  "Mira",
  "Nils",
  "Olga",
  "Pavel",
  "Rosa",
  "Sami",
  "Tilda",
  "Ugo",
] as const;
const surnames = ["Ahorn", "Birke", "Cedro", "Dill", "Eibe", "Farn", "Ginster", "Hasel", "Ilex", "Jasmín"] as const;

export const demoGroups: readonly { readonly cn: string; readonly gidNumber: number }[] = [
  "staff",
  "admins",
  "developers",
  "operations",
  "design",
  "finance",
  "sales",
  "support",
  "legal",
  "research",
  "library",
  "garden",
  "kitchen",
  "travel",
  "security",
  "backup",
  "auditors",
  "interns",
  "vpn",
  "printers",
].map((cn, i) => ({ cn, gidNumber: 5000 + i }));

/** Everybody is in `staff`, every tenth in `admins`, and in one or two of the others. The last user is suspended. */
export const demoUsers: readonly DemoUser[] = surnames.flatMap((sn, s) =>
  givenNames.map((givenName, g) => {
    const n = s * givenNames.length + g;
    const groups = [0, ...(n % 10 === 0 ? [1] : []), 2 + (n % 9), ...(n % 3 === 0 ? [11 + (n % 9)] : [])];
    return {
      uid: `${givenName}.${sn}`.toLowerCase().replace("í", "i"),
      uidNumber: 10_000 + n,
      givenName,
      sn,
      status: n === surnames.length * givenNames.length - 1 ? ("suspended" as const) : ("active" as const),
      groups: groups.map((i) => demoGroups[i]!.gidNumber),
    };
  }),
);

/** Everybody's password: a demo is tried, not protected. It listens on loopback only. */
export const demoPassword = "espalier";

/** `{SSHA512}` with a salt of the user's own. */
export function demoPasswordHash(uid: string): string {
  const salt = createHash("sha512").update(uid).digest().subarray(0, 16);
  const digest = createHash("sha512").update(demoPassword).update(salt).digest();
  return `{SSHA512}${Buffer.concat([digest, salt]).toString("base64")}`;
}
