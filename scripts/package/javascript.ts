/** TypeScript to JavaScript as Node itself does it: types become spaces, so each line and column stays where it was written. */
import { stripTypeScriptTypes } from "node:module";

/** Where a source names another one: an import, an export, a worker. */
const reference = /(\bfrom |\bimport |\bimport\(|\bnew URL\()"(\.{1,2}\/[^"]+)\.ts"/g;

/** @throws SyntaxError where a source is named in any other way: it would be looked for under a name that is gone. */
export function toJavaScript(source: string): string {
  const text = stripTypeScriptTypes(source).replace(reference, '$1"$2.js"');
  const [left] = /"\.{1,2}\/[^"]+\.ts"/.exec(text) ?? [];
  if (left !== undefined) throw new SyntaxError(`${left} names a source in a way that is not known here`);
  return text;
}
