/** Builds the image of deploy/Dockerfile without Docker, as a folder: shows that each of its steps works. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildImage } from "./image/build.ts";

const help = `node scripts/build-image.ts --output FOLDER [--context FOLDER]

Carries out deploy/Dockerfile without a Docker engine, as root on Debian. FOLDER gets root/, the files of the image, and
image.json, what Docker would start in it.

FROM node:24-slim is stood in for: Debian bookworm as debootstrap makes it (minbase; kept in the folder for temporary files,
so that the next time is quick), the Node 24 of node_modules/node, and this machine's npm with its registry and cache. RUN
happens by chroot, in namespaces of its own. COPY follows .dockerignore. An instruction that is not known is an error.

  --output FOLDER    where the image goes
  --context FOLDER   what is copied from, where it is not this repository
`;

const repository = resolve(import.meta.dirname, "..");
const { values } = parseArgs({
  options: { output: { type: "string" }, context: { type: "string", default: repository }, help: { type: "boolean" } },
});
if (values.help || values.output === undefined) {
  (values.help ? process.stdout : process.stderr).write(help);
  process.exitCode = values.help ? 0 : 2;
} else {
  const output = resolve(values.output);
  mkdirSync(output, { recursive: true });
  const context = resolve(values.context);
  const { config } = await buildImage({
    dockerfile: join(context, "deploy", "Dockerfile"),
    context,
    output,
    onStep: (text) => process.stderr.write(`${text}\n`),
  });
  writeFileSync(join(output, "image.json"), `${JSON.stringify(config, undefined, 2)}\n`);
}
