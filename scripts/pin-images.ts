/** `npm run pin-images`: writes the digests of images into deploy/, before a release. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pinImages } from "./pin-images/pin-images.ts";

const help = `npm run pin-images [-- --check]

Asks the registry of each image that deploy/Dockerfile and deploy/compose*.yaml name which digest its tag has now, and writes
it behind the tag: name:tag@sha256:… All of them are written, or none. What is built from this repository is left out.

  --check    write nothing; tell the images without a digest and those whose tag has moved

Exit codes: 0 all are pinned to what their tags are; 1 with --check, one is not; 2 wrong usage; 3 a registry cannot be asked.
`;

const { values } = parseArgs({ options: { check: { type: "boolean", default: false }, help: { type: "boolean" } } });
if (values.help) {
  process.stdout.write(help);
} else {
  const { lines, exitCode } = await pinImages(join(import.meta.dirname, ".."), { isCheck: values.check });
  (exitCode === 3 ? process.stderr : process.stdout).write(lines.map((line) => `${line}\n`).join(""));
  process.exitCode = exitCode;
}
