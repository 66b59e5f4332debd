/** Authelia's configuration, also as a template: `{{ … }}` stands for text that is not known yet. */
import { defineFormat } from "./format.ts";
import { SourceFile } from "./source-file.ts";
import { parseYaml } from "./yaml.ts";

/** Top-level keys that no other program's YAML is known to have. */
const ownKeys = /^["']?(?:authentication_backend|identity_validation|access_control)["']?\s*:/m;
/** Those that mean something only where the path says whose file it is. */
const sharedKeys = /^["']?(?:session|regulation|notifier|storage|identity_providers|totp|webauthn)["']?\s*:/m;

export const autheliaFormat = defineFormat({
  kind: "authelia",
  recognizes: ({ path, text }) =>
    /\.ya?ml$/.test(path) && (ownKeys.test(text) || (/authelia/i.test(path) && sharedKeys.test(text))),
  parse: (file) => parseYaml(withoutTemplates(file)).map((root) => ({ file, root })),
});

/** The same file with text in the place of template actions that YAML would trip over, every offset as it was. */
function withoutTemplates(file: SourceFile): SourceFile {
  if (!file.text.includes("{{")) return file;
  const text = file.text
    .replace(
      /^([^\S\n]*)\{\{[^\n]*\}\}[^\S\n]*$/gm,
      (line, indent: string) => `${indent}#${line.slice(indent.length + 1)}`,
    )
    .replace(/\{\{([^{}\n]*)\}\}/g, (_, action: string) => `__${action.replace(/[^A-Za-z0-9_.]/g, "_")}__`);
  return new SourceFile({ path: file.path, absolutePath: file.absolutePath, text, mode: file.mode });
}
