/** Where the files of a deployment name images, and these files with digests: all else of them stays as it is. */
import type { ConfigNode } from "../../packages/check/src/inputs/config-node.ts";
import { SourceFile } from "../../packages/check/src/inputs/source-file.ts";
import { parseYaml } from "../../packages/check/src/inputs/yaml.ts";
import { type ImageName, parseImageName } from "./image-name.ts";

export interface ImagePlace {
  /** As {@link SourceFile.path}. */
  readonly file: string;
  readonly line: number;
  /** `text.slice(start, end)` is the name with its digest, if it has one. */
  readonly start: number;
  readonly end: number;
  readonly image: ImageName;
}

/** What deploy/Dockerfile makes: no registry has it yet. */
const builtHere = /^espalier:/;
/** What a variable says unless it is set: `${ESPALIER_IMAGE:-espalier:0.1.0}`. */
const withDefault = /^\$\{\w+:?-(.*)\}$/;

/** Of a compose file each `image`; of a Dockerfile the default of each `ARG …IMAGE`. @throws Error with file and line */
export function imagePlaces(path: string, text: string): readonly ImagePlace[] {
  const file = new SourceFile({ path, absolutePath: path, text });
  const found = /\.ya?ml$/.test(path)
    ? parseYaml(file).flatMap(imageNodes)
    : [...text.matchAll(/^ARG \w*IMAGE=(.+)$/gm)];
  const stretches = found.map((each) => {
    if (!("location" in each)) return { start: each.index + each[0].indexOf("=") + 1, name: each[1] ?? "" };
    const written = each.written ?? "";
    const name = withDefault.exec(written)?.[1] ?? written;
    return { start: text.indexOf(name, each.location.start), name };
  });
  // An anchor's image is that of each service which uses it.
  const distinct = new Map(stretches.map((each) => [each.start, each]));
  return [...distinct.values()].flatMap(({ start, name }) => {
    if (builtHere.test(name)) return [];
    const end = start + name.length;
    const { line } = file.locate(start);
    try {
      return [{ file: path, line, start, end, image: parseImageName(name) }];
    } catch (error) {
      throw new Error(`${path}:${line}: ${(error as Error).message}`, { cause: error });
    }
  });
}

function imageNodes(node: ConfigNode): readonly ConfigNode[] {
  return [
    ...node.items().flatMap(imageNodes),
    ...node
      .entries()
      .flatMap(([key, value]) => (key === "image" && value.kind === "scalar" ? [value] : imageNodes(value))),
  ];
}

/** What excuses an image without a digest excuses nothing any more. */
const excuse = /[ \t]*#[ \t]*espalier-ignore CMP014:.*/y;

/** @param digestOf of the image of each of the places, which are those of `text`. */
export function withDigests(
  text: string,
  places: readonly ImagePlace[],
  digestOf: (image: ImageName) => string,
): string {
  let result = text;
  for (const { start, end, image } of places.toSorted((left, right) => right.start - left.start)) {
    const behind = result.slice(end).search(/[ \t]*(?:#|$)/m) + end;
    excuse.lastIndex = behind;
    const excused = excuse.exec(result)?.[0].length ?? 0;
    const rest = result.slice(end, behind) + result.slice(behind + excused);
    result = `${result.slice(0, start)}${image.written}@${digestOf(image)}${rest}`;
  }
  return result;
}
