import { basename } from "node:path";
import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import type { ComposeService, EnvironmentEntry } from "../../inputs/compose/compose-project.ts";
import type { DotenvFile } from "../../inputs/dotenv.ts";
import type { Location } from "../../inputs/source-file.ts";
import { composeSecretFiles, isExample, secretFiles } from "../files/secret-files.ts";
import { isSwitchOrPath, tellsSecret, urlPassword } from "./secret-name.ts";
import { type Weakness, weaknessOf } from "./weak-secret.ts";

export const sec003 = defineRule({
  id: "SEC003",
  title: "secret is known, weak, used twice, or in Git",
  severity: "critical",
  profile: "lab",
  reads: ["compose", "dotenv", "gitWorkTree"],
  fix: "none",
  explanation: `Passwords that products ship with, that examples show or that are short are tried first, by programs, within minutes of a port being reachable. One that is used twice opens two doors when it is lost once.

What Git has tracked stays in its history, and in every clone, after it was deleted: such a secret is given a new value, it is not enough to remove it. Generate secrets, for example with \`openssl rand -hex 24\`; nobody has to remember them.`,
  references: [
    "NIST SP 800-63B §3.1.1.2 (blocklists and length of passwords)",
    "OWASP Secrets Management Cheat Sheet",
    "Git documentation, gitignore(5) and git-rm(1)",
  ],
  *find(project) {
    const dotenv = project.of("dotenv").filter(({ path }) => !isExample(path));
    for (const file of dotenv) yield* findInDotenv(file);
    const judged = new Set(dotenv.map(({ path }) => path));
    yield* findInServices(project, judged);
    for (const { file } of composeSecretFiles(project)) {
      const value = file.text.replace(/\r?\n$/, "");
      yield* found(basename(file.path), value, { subject: file.path, at: file.locate(0, value.length), path: "" });
    }
    yield* findTracked(project);
  },
});

function* findInDotenv({ path: subject, variables }: DotenvFile): Generator<Found> {
  const firstWith = new Map<string, string>();
  for (const { name, value, written, location } of variables) {
    // `${OTHER}`: that one is judged.
    if (!isSecret(name, value) || written.includes("$")) continue;
    yield* found(name, value, { subject, at: location, path: name });
    yield* reused(firstWith, name, value, { subject, at: location, path: name });
  }
}

function* findInServices(project: Project, judged: ReadonlySet<string>): Generator<Found> {
  const seen = new Set<string>();
  for (const { services } of project.of("compose")) {
    for (const service of services) {
      const firstWith = new Map<string, string>();
      for (const entry of service.environment) {
        const { name, value = "", location } = entry;
        const key = `${location.file}:${location.start}`;
        if (!isSecret(name, value) || judged.has(location.file) || seen.has(key)) continue;
        seen.add(key);
        const where = { subject: service.name, at: location, path: pathOf(service, entry) };
        if (entry.isLiteral) {
          yield* found(name, value, where, [service.name]);
          yield* reused(firstWith, name, value, where);
        } else if (isDefault(entry)) yield* found(name, value, where, [service.name], "falls back to");
      }
    }
  }
}

function pathOf({ node }: ComposeService, { name }: EnvironmentEntry): string {
  return `${node.pathText}.environment.${name}`;
}

function isSecret(name: string, value: string): boolean {
  return (tellsSecret(name) && !isSwitchOrPath(value)) || urlPassword.test(value);
}

/** `${NAME:-value}`, with nothing that sets NAME. */
function isDefault({ value, written }: EnvironmentEntry): boolean {
  const [, fallback] = /^\$\{\w+:?-([^}]*)\}$/.exec(written ?? "") ?? [];
  return fallback !== undefined && fallback === value;
}

interface Where {
  readonly subject: string;
  readonly at: Location;
  readonly path: string;
}

const told: Readonly<Record<Weakness, string>> = {
  default: "a value that is well known",
  short: "a value that is short enough to be tried",
  repetitive: "a value of a few characters again and again",
};

function* found(
  name: string,
  value: string,
  where: Where,
  names: readonly string[] = [],
  verb = "has",
): Generator<Found> {
  const secret = urlPassword.exec(value)?.[1] ?? value;
  const weakness = weaknessOf(secret, [...names, name]);
  if (weakness === undefined) return;
  yield {
    ...where,
    message: `${name} ${verb} ${told[weakness]}`,
    severity: weakness === "default" ? "critical" : "high",
    fix: `Give ${name} a value that was generated, here and where it is used:\n    openssl rand -hex 24`,
  };
}

function* reused(firstWith: Map<string, string>, name: string, value: string, where: Where): Generator<Found> {
  const first = firstWith.get(value);
  if (first === undefined) firstWith.set(value, name);
  if (first === undefined || first === name) return;
  yield {
    ...where,
    message: `${name} has the value of ${first}`,
    severity: "high",
    fix: `Give ${name} a value of its own (openssl rand -hex 24). Where both are the two ends of one connection, write it once:\n${name}=\${${first}}`,
  };
}

function* findTracked(project: Project): Generator<Found> {
  const tracked = project.of("gitWorkTree").map((workTree) => workTree.tracked);
  for (const { path, file, what } of secretFiles(project)) {
    if (file === undefined || isExample(path) || !tracked.some((paths) => paths.has(path))) continue;
    yield {
      subject: path,
      message: `${path} is tracked by Git and holds ${what}`,
      at: file.locate(0),
      path: "",
      fix: `git rm --cached -- '${path}'\necho '/${path}' >> .gitignore\ngit commit -m 'Secrets are not kept here'\nThen give every secret in it a new value: the old ones stay in the history and in every clone.`,
    };
  }
}
