/** The name of an image as Dockerfiles and compose files write it: `postgres:17.6`, `quay.io/a/b:1@sha256:…`. */

export interface ImageName {
  /** Without the digest, as it is written. */
  readonly written: string;
  /** The address of the registry's API. */
  readonly registry: URL;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string | undefined;
}

const form = /^((?:[\w.-]+(?::\d+)?\/)?[a-z0-9][a-z0-9._/-]*):([\w][\w.-]{0,127})(?:@(sha256:[0-9a-f]{64}))?$/;

/** @throws Error for what is no such name, and for one without a tag: nothing would say what it is meant to be. */
export function parseImageName(text: string): ImageName {
  const [, name, tag, digest] = form.exec(text) ?? [];
  if (name === undefined || tag === undefined) {
    throw new Error(`${text} is no name of an image with a tag, such as postgres:17.6`);
  }
  const [first = "", ...rest] = name.split("/");
  const hasRegistry = rest.length > 0 && /[.:]|^localhost$/.test(first);
  const path = hasRegistry ? rest.join("/") : name;
  return {
    written: `${name}:${tag}`,
    registry: hasRegistry && first !== "docker.io" ? addressOf(first) : new URL("https://registry-1.docker.io"),
    repository: (hasRegistry && first !== "docker.io") || path.includes("/") ? path : `library/${path}`,
    tag,
    digest,
  };
}

/** As Docker has it: only a registry on this machine may be without TLS. */
function addressOf(host: string): URL {
  const url = new URL(`https://${host}`);
  return isLoopback(url) ? new URL(`http://${host}`) : url;
}

export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
