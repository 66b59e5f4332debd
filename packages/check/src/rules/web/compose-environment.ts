/** Variables of services and of `.env` files, each value once. */
import type { Project } from "../../engine/project.ts";
import type { Found } from "../../engine/rule.ts";

export interface Variable extends Pick<Found, "subject" | "at" | "path"> {
  readonly name: string;
  readonly value: string;
  /** The other variables of the same service or file. */
  readonly beside: ReadonlyMap<string, string>;
}

/** @param isWanted by name */
export function* variables(project: Project, isWanted: (name: string) => boolean): Generator<Variable> {
  const given = new Set<string>();
  for (const { services } of project.of("compose")) {
    for (const { name: service, node, environment } of services) {
      const beside = new Map(environment.map(({ name, value = "" }) => [name, value]));
      for (const { name, value, location, node: at } of environment) {
        if (value === undefined || !isWanted(name)) continue;
        given.add(`${name}=${value}`);
        const path = `${node.pathText}.environment.${name}`;
        yield { subject: service, at: at ?? location, path, name, value, beside };
      }
    }
  }
  for (const { path: file, variables: all } of project.of("dotenv")) {
    const beside = new Map(all.map(({ name, value }) => [name, value]));
    for (const { name, value, location } of all) {
      if (!isWanted(name) || given.has(`${name}=${value}`)) continue;
      yield { subject: file, at: location, path: name, name, value, beside };
    }
  }
}
