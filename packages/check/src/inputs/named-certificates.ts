/** The certificates that configurations name, each with its key and the names that clients use, and where these files may be. */
import { accessSync, constants, statSync } from "node:fs";
import { posix } from "node:path";
import type { Project } from "../engine/project.ts";
import type { ComposeProject } from "./compose/compose-project.ts";
import { nginxPlaces } from "./nginx.ts";
import type { SourceFile } from "./source-file.ts";

export interface NamedCertificate {
  readonly from: SourceFile;
  /** As written. */
  readonly certificate: string;
  readonly key: string | undefined;
  readonly names: readonly string[];
}

export function* namedCertificates(project: Project): Generator<NamedCertificate> {
  for (const nginx of project.of("nginx")) {
    for (const { directive } of nginxPlaces(nginx)) {
      if (directive.name !== "server") continue;
      const values = (name: string) => (directive.block ?? []).filter((inner) => inner.name === name);
      const names = values("server_name").flatMap(({ parameters }) => parameters);
      const keys = values("ssl_certificate_key");
      for (const [index, { parameters }] of values("ssl_certificate").entries()) {
        yield* named(nginx.file, parameters[0], keys[index]?.parameters[0], names);
      }
    }
  }
  for (const { file, root } of project.of("traefik")) {
    const stores = root.get("tls", "stores")?.entries() ?? [];
    const defaults = stores.flatMap(([, store]) => store.get("defaultCertificate") ?? []);
    for (const pair of [...(root.get("tls", "certificates")?.items() ?? []), ...defaults]) {
      yield* named(file, pair.get("certFile")?.text, pair.get("keyFile")?.text, []);
    }
  }
  for (const { file, root } of project.of("espalier")) {
    const commonName = root.get("gateway", "commonName")?.text;
    for (const section of ["gateway", "proxy"]) {
      const tls = root.get(section, "tls");
      const names = section === "gateway" && commonName !== undefined ? [commonName] : [];
      yield* named(file, tls?.get("certPath")?.text, tls?.get("keyPath")?.text, names);
    }
  }
}

function* named(
  from: SourceFile,
  certificate: string | undefined,
  key: string | undefined,
  names: readonly string[],
): Generator<NamedCertificate> {
  // What a variable names is not known before the program runs.
  if (certificate !== undefined && !/[${]/.test(certificate)) yield { from, certificate, key, names };
}

/** Absolute paths that a path in a file may mean: beside it, below the root, or what is mounted there into a container. */
export function candidatePaths(project: Project, from: SourceFile, written: string): readonly string[] {
  if (!posix.isAbsolute(written)) {
    return [posix.join(posix.dirname(from.absolutePath), written), posix.join(project.root, written)];
  }
  return [...project.of("compose").flatMap((compose) => mountedFrom(compose, project.root, written)), written];
}

function mountedFrom(
  { files: [first = ""], services }: ComposeProject,
  root: string,
  inside: string,
): readonly string[] {
  return services.flatMap(({ mounts }) =>
    mounts.flatMap(({ type, source, target }) => {
      if (type !== "bind" || source === undefined) return [];
      const below = posix.relative(target, inside);
      return below.startsWith("..") ? [] : [posix.resolve(root, posix.dirname(first), source, below)];
    }),
  );
}

/** Of those that are named, and of what is mounted by itself: the files that are there, absolute. */
export function certificateFiles(project: Project): readonly string[] {
  const candidates = [...namedCertificates(project)].flatMap(({ from, certificate, key }) =>
    [certificate, key].flatMap((written) =>
      written === undefined ? [] : (candidatePaths(project, from, written).find(isFile) ?? []),
    ),
  );
  const mounted = project
    .of("compose")
    .flatMap(({ files: [first = ""], services }) =>
      services.flatMap(({ mounts }) =>
        mounts.flatMap(({ type, source = "" }) =>
          type === "bind" && /\.(?:pem|crt|cer|cert)$/.test(source)
            ? [posix.resolve(project.root, posix.dirname(first), source)].filter(isFile)
            : [],
        ),
      ),
    );
  return [...new Set([...candidates, ...mounted])];
}

function isFile(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile();
  } catch {
    // It is there on another machine, or not for this user: nothing was asked of it by name.
    return false;
  }
}
