import { basename, dirname, join, relative, resolve } from "node:path";
import type { Edit } from "../../engine/edit.ts";
import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";
import { isIgnored } from "../../inputs/dockerignore.ts";
import type { SourceFile } from "../../inputs/source-file.ts";
import { secretFiles } from "./secret-files.ts";

export const fsp002 = defineRule({
  id: "FSP002",
  title: "configuration can be changed by others, or secrets go into an image",
  severity: "medium",
  profile: "production",
  reads: ["file"],
  fix: "safe",
  explanation: `Who can write a configuration, a script or a unit decides what runs, as the user that reads it.

Everything in a build context is sent to the builder, and one \`COPY . .\` later it is in a layer of the image, for everybody who can pull it. What .dockerignore names stays out; \`.gitignore\` is not looked at.`,
  references: ["Docker documentation, “.dockerignore files”", "CIS Docker Benchmark, 4.10", "chmod(1)"],
  *find(project) {
    for (const file of project.of("file")) {
      const { path, mode } = file;
      if (mode === undefined || (mode & 0o002) === 0) continue;
      const wanted = mode & 0o775;
      yield {
        subject: path,
        message: `${path} can be changed by everybody on the machine`,
        at: file.locate(0),
        path: "",
        value: mode.toString(8),
        fix: `chmod ${wanted.toString(8).padStart(4, "0")} '${path}'`,
        edits: [{ kind: "chmod", file: path, mode: wanted }],
      };
    }
    for (const context of buildContexts(project)) yield* findInContext(project, context);
  },
});

interface BuildContext {
  /** Relative to the root of the check; empty for the root itself. */
  readonly folder: string;
  readonly node: ConfigNode;
  readonly dockerfile: SourceFile | undefined;
  readonly service: string;
}

function buildContexts(project: Project): readonly BuildContext[] {
  const contexts = new Map<string, BuildContext>();
  for (const { services } of project.of("compose")) {
    for (const { name, node } of services) {
      const build = node.get("build");
      const context = build?.text ?? build?.get("context")?.text ?? (build?.kind === "map" ? "." : undefined);
      // A URL is fetched by the builder.
      if (build === undefined || context === undefined || /^\w+:\/\/|^git@/.test(context)) continue;
      const absolute = resolve(project.root, dirname(build.location.file), context);
      const folder = relative(project.root, absolute);
      if (folder.startsWith("..") || contexts.has(folder)) continue;
      const dockerfile = project.files.get(join(folder, build.get("dockerfile")?.text ?? "Dockerfile"));
      contexts.set(folder, { folder, node: build, dockerfile, service: name });
    }
  }
  return [...contexts.values()];
}

function* findInContext(project: Project, { folder, node, dockerfile, service }: BuildContext): Generator<Found> {
  const own = dockerfile === undefined ? [] : [`${dockerfile.path}.dockerignore`];
  const paths = [...own, join(folder, ".dockerignore")];
  const ignores = project.of("dockerignore");
  const ignore = paths
    .map((path) => ignores.find(({ file }) => file.path === path))
    .find((found) => found !== undefined);
  const sent = secretFiles(project)
    .map(({ path }) => relative(folder, path))
    .filter((path) => !path.startsWith("..") && !isIgnored(ignore?.patterns ?? [], path));
  if (sent.length === 0) return;
  const copied = sent.filter((path) => dockerfile?.text.includes(basename(path)) === true);
  const target = ignore?.file.path ?? paths.at(-1)!;
  const instead = `Do not copy ${copied.join(", ")}: mount it while building (RUN --mount=type=secret) or while running (secrets: of compose).\n`;
  yield {
    subject: service,
    message: `the build context of ${service} holds secrets: ${sent.join(", ")}`,
    at: node,
    value: sent,
    fix: `${copied.length > 0 ? instead : ""}Add to ${target}:\n${sent.join("\n")}`,
    // What the Dockerfile names would be missing.
    edits: ignore === undefined || copied.length > 0 ? [] : [appended(ignore.file, sent)],
  };
}

function appended(file: SourceFile, lines: readonly string[]): Edit {
  const gap = file.text === "" || file.text.endsWith("\n") ? "" : "\n";
  return { kind: "replace", at: file.locate(file.text.length), text: `${gap}${lines.join("\n")}\n` };
}
