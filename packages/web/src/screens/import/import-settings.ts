/** How a file is to be imported, and as what the API takes that. */
import type { ApiRoutes } from "@espalier/manager/api";
import type { z } from "zod";
import type { CsvPreview } from "./csv-preview.ts";

export interface CsvSettings {
  /** Attribute, or field of the form, by column; empty for a column that is left out. */
  readonly mapping: Readonly<Record<string, string>>;
  /** The creation form that columns are fields of; empty where they are attributes. */
  readonly form: string;
  readonly objectClasses: readonly string[];
  readonly parent: string;
  readonly rdn: string;
  readonly severalValues: boolean;
}

export interface ImportSettings {
  readonly format: "ldif" | "csv";
  readonly mode: "add" | "update";
  readonly csv: CsvSettings;
}

type ImportQuery = z.input<ApiRoutes["POST /clusters/{cluster}/import"]["query"]>;

export const noCsvSettings: CsvSettings = {
  ...{ mapping: {}, form: "", objectClasses: [], parent: "", rdn: "", severalValues: true },
};

/** What spreadsheets call it, without spaces and signs. */
const usualNames: Readonly<Record<string, string>> = {
  ...{ firstname: "givenName", forename: "givenName", lastname: "sn", surname: "sn", familyname: "sn" },
  ...{ name: "cn", fullname: "cn", email: "mail", emailaddress: "mail", login: "uid", username: "uid", userid: "uid" },
  ...{ phone: "telephoneNumber", telephone: "telephoneNumber", room: "roomNumber" },
  ...{ department: "ou", jobtitle: "title", password: "userPassword" },
};

/** What each column most likely is, of the names that there are; nothing where that is not clear. */
export function likelyMapping(header: readonly string[], names: readonly string[]): Record<string, string> {
  const byKey = new Map(names.map((name) => [name.toLowerCase(), name]));
  const taken = new Set<string>();
  return Object.fromEntries(
    header.map((column) => {
      const plain = column.trim().toLowerCase();
      const guess = byKey.get((usualNames[plain.replaceAll(/[^a-z]/g, "")] ?? plain).toLowerCase()) ?? byKey.get(plain);
      if (guess === undefined || taken.has(guess)) return [column, ""];
      taken.add(guess);
      return [column, guess];
    }),
  );
}

export function hasDn({ mapping, form }: CsvSettings): boolean {
  return form === "" && Object.values(mapping).some((name) => name.toLowerCase() === "dn");
}

/** What is still to be said, a sentence; `undefined` where everything is. */
export function missingSetting({ format, csv }: ImportSettings, preview: CsvPreview | undefined): string | undefined {
  if (format === "ldif") return undefined;
  const { mapping, form, objectClasses, parent, rdn } = csv;
  if (preview === undefined || preview.header.length === 0)
    return "The file is empty: its first line names the columns.";
  const used = Object.values(mapping).filter((name) => name !== "");
  if (used.length === 0) return "Say what the columns are.";
  const twice = used.find((name, at) => used.indexOf(name) !== at);
  if (twice !== undefined) return `Two columns are ${twice}: leave one out.`;
  if (form !== "") return undefined;
  if (!used.some((name) => name.toLowerCase() === "objectclass") && objectClasses.length === 0) {
    return "Say which object classes the entries get.";
  }
  if (hasDn(csv)) return undefined;
  if (parent === "" || rdn === "")
    return "No column is the DN: say below which entry the new ones go, and what names them.";
  if (!used.includes(rdn)) return `Entries are to be named by ${rdn}, which no column is.`;
  return undefined;
}

export function queryOf(
  { format, mode, csv }: ImportSettings,
  name: string,
  { dryRun, continues }: { readonly dryRun: boolean; readonly continues: boolean },
): ImportQuery {
  const flag = (is: boolean) => (is ? "true" : "false");
  const common = { name: name.slice(0, 200), mode, dryRun: flag(dryRun), continues: flag(continues) } as const;
  if (format === "ldif") return common;
  const { mapping, form, objectClasses, parent, rdn, severalValues } = csv;
  return {
    ...{ ...common, mapping: JSON.stringify(mapping), severalValues: flag(severalValues) },
    ...(form === "" ? {} : { form }),
    ...(form !== "" || objectClasses.length === 0 ? {} : { objectClasses: objectClasses.join(",") }),
    ...(parent === "" || hasDn(csv) ? {} : { parent }),
    ...(form !== "" || rdn === "" || hasDn(csv) ? {} : { rdn }),
  };
}
