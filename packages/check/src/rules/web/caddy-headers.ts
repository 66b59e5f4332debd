/** Response headers that a site of a Caddyfile sets, wherever in it: `header NAME VALUE` and its block form. */
import type { CaddyDirective } from "../../inputs/caddy.ts";
import type { Location } from "../../inputs/source-file.ts";

export interface CaddyHeader {
  /** In lower case. */
  readonly name: string;
  readonly value: string;
  readonly location: Location;
}

export function headersOf(directives: readonly CaddyDirective[]): readonly CaddyHeader[] {
  return directives.flatMap(({ name, parameters, block = [], location }): readonly CaddyHeader[] => {
    if (name !== "header") return headersOf(block);
    // A first argument that begins so is a matcher: the requests that it is for.
    const [first = "", ...others] = parameters;
    const [header = "", value = ""] = /^[/@*]/.test(first) ? others : parameters;
    const single = header === "" ? [] : [headerOf(header, value, location)];
    return [...single, ...block.map((line) => headerOf(line.name, line.parameters[0] ?? "", line.location))];
  });
}

/** `+NAME` adds, `?NAME` sets where it is not set, `>NAME` sets later. */
function headerOf(name: string, value: string, location: Location): CaddyHeader {
  return { name: name.replace(/^[+?>]/, "").toLowerCase(), value, location };
}
