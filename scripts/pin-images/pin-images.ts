/** Names the images of a deployment by digest, or says which are not: all of its files are changed, or none. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../../packages/check/src/engine/fix/write-file.ts";
import { type ImagePlace, imagePlaces, withDigests } from "./image-files.ts";
import { digestOf, RegistryError } from "./registry.ts";

export interface Pinning {
  /** A line for each image, or for each that cannot be told. */
  readonly lines: readonly string[];
  /** 0: every image is pinned to what its tag is now. 1, where nothing is to be written: one is not. 3: a registry cannot be asked. */
  readonly exitCode: 0 | 1 | 3;
}

/** @param folder that has `deploy/`. @throws Error for a file that cannot be read, or names an image in no known way */
export async function pinImages(folder: string, { isCheck }: { readonly isCheck: boolean }): Promise<Pinning> {
  const files = imageFiles(folder).map((path) => {
    const text = readFileSync(join(folder, path), "utf8");
    return { path, text, places: imagePlaces(path, text) };
  });
  const places = files.flatMap((file) => file.places);
  const digests = new Map<string, string>();
  const failures = new Set<string>();
  for (const image of new Map(places.map((place) => [place.image.written, place.image])).values()) {
    try {
      digests.set(image.written, await digestOf(image));
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      failures.add(`${error.message}.`);
    }
  }
  if (isCheck) {
    const wrong = places.flatMap((place) => problemOf(place, digests.get(place.image.written)));
    return { lines: [...wrong, ...failures], exitCode: wrong.length > 0 ? 1 : failures.size > 0 ? 3 : 0 };
  }
  if (failures.size > 0) return { lines: [...failures, "Nothing was written."], exitCode: 3 };
  for (const { path, text, places: own } of files) {
    const after = withDigests(text, own, ({ written }) => digests.get(written)!);
    if (after !== text) replaceFile(join(folder, path), after);
  }
  const lines = places.map((place) => {
    const digest = digests.get(place.image.written)!;
    const what = place.image.digest === digest ? "is" : place.image.digest === undefined ? "is now" : "is now, moved,";
    return `${whereOf(place)}: ${place.image.written} ${what} ${digest}`;
  });
  return { lines, exitCode: 0 };
}

function imageFiles(folder: string): readonly string[] {
  const compose = readdirSync(join(folder, "deploy")).filter((name) => /^compose.*\.ya?ml$/.test(name));
  return ["deploy/Dockerfile", ...compose.sort().map((name) => `deploy/${name}`)];
}

function problemOf(place: ImagePlace, now: string | undefined): string[] {
  const { written, digest } = place.image;
  if (digest === undefined) return [`${whereOf(place)}: ${written} is not pinned`];
  return now === undefined || digest === now
    ? []
    : [`${whereOf(place)}: ${written} is pinned to ${digest}, and is now ${now}`];
}

function whereOf({ file, line }: ImagePlace): string {
  return `${file}:${line}`;
}
