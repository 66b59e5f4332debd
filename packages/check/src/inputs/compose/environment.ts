/** The environment of a service: `environment` in its list and in its map form, over what its `env_file`s hold. */
import type { ConfigNode } from "../config-node.ts";
import type { DotenvFile, DotenvVariable } from "../dotenv.ts";
import type { EnvironmentEntry } from "./compose-project.ts";

/** @param envFiles in their order: the later win. */
export function readEnvironment(service: ConfigNode, envFiles: readonly DotenvFile[]): readonly EnvironmentEntry[] {
  const entries = new Map<string, EnvironmentEntry>();
  for (const variable of envFiles.flatMap(({ variables }) => variables))
    entries.set(variable.name, entryOfFile(variable));
  const environment = service.get("environment");
  for (const item of environment?.items() ?? []) {
    const entry = entryOfItem(item);
    entries.set(entry.name, entry);
  }
  for (const [name, node] of environment?.entries() ?? []) entries.set(name, entryOfMember(name, node));
  return [...entries.values()];
}

function entryOfFile({ name, value, written, isLiteral, location }: DotenvVariable): EnvironmentEntry {
  return { name, value, written, isLiteral, location };
}

function entryOfItem(node: ConfigNode): EnvironmentEntry {
  const [name, value] = splitAssignment(node.text ?? "");
  const [, written] = splitAssignment(node.written ?? "");
  return { name, value, written, isLiteral: isLiteral(written), location: node.location, node };
}

function entryOfMember(name: string, node: ConfigNode): EnvironmentEntry {
  const value = node.text;
  const written = value === undefined ? undefined : (node.written ?? value);
  return { name, value, written, isLiteral: isLiteral(written), location: node.location, node };
}

/** `NAME=value` → both; a name alone has no value. */
export function splitAssignment(text: string): readonly [string, string | undefined] {
  const at = text.indexOf("=");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** A value that stands there itself: `$$` is a dollar sign. */
function isLiteral(written: string | undefined): boolean {
  return written !== undefined && !/\$(?:\{|[A-Za-z_])/.test(written.replaceAll("$$", ""));
}
