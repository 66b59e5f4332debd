/** What the registry knows against the packages that run in production, asked by `npm audit`. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { neededPackages, packageName, readLockedPackages } from "../package/locked-packages.ts";

interface Advisory {
  readonly package: string;
  readonly version: string;
  readonly severity: string;
  readonly title: string;
  readonly url: string;
}

/** `unanswered` says why, where the registry does not tell. */
export type Audit = { readonly advisories: readonly Advisory[] } | { readonly unanswered: string };

interface NpmAudit {
  readonly message?: string;
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly nodes: readonly string[]; readonly via: readonly Via[] }>
  >;
}

/** A name is another package of the answer, through which this one is concerned. */
type Via = string | { readonly title: string; readonly url: string; readonly severity: string };

/** @param folder where package-lock.json is. @param start the folder in it of what runs in production. */
export async function audit(folder: string, start: string, environment = process.env): Promise<Audit> {
  const parameters = ["audit", "--json", "--package-lock-only", "--loglevel=silent"];
  const options = { cwd: folder, env: environment, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 };
  // npm ends with 1 where it has something to tell, and where it could not ask.
  const { stdout } = await promisify(execFile)("npm", parameters, options).catch((error) => error);
  const answer = parse(stdout);
  if (answer?.vulnerabilities === undefined) return { unanswered: answer?.message ?? "npm audit said nothing" };
  const needed = neededPackages(readLockedPackages(folder), start);
  const advisories = Object.values(answer.vulnerabilities).flatMap(({ nodes, via }) =>
    nodes
      .filter((path) => needed.has(path))
      .flatMap((path) =>
        via
          .filter((each) => typeof each !== "string")
          .map(({ title, url, severity }) => {
            return { package: packageName(path), version: needed.get(path)!.version!, severity, title, url };
          }),
      ),
  );
  return { advisories };
}

function parse(text: string): NpmAudit | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
