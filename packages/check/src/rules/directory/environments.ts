/** What programs are told by environment variables: those of compose services, and files of variables that no service has. */
import { onceAProject } from "../../engine/once-a-project.ts";
import { formatPath } from "../../inputs/config-node.ts";
import type { Place } from "./place.ts";

export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly place: Place;
}

export interface Environment {
  /** The service, or the file. */
  readonly subject: string;
  readonly variables: ReadonlyMap<string, Variable>;
  /** Whether it is known to be a container's: then names of services mean them. */
  readonly isContainer: boolean;
  /** Whether it publishes a port on an address that others reach; undefined where it is no compose service. */
  readonly isPublished?: boolean;
}

/** What a file of variables hands to a service counts once, as the service's. */
export const environmentsOf = onceAProject((project): readonly Environment[] => {
  const services = project.of("compose").flatMap((compose) =>
    compose.services.map((service): Environment => {
      const variables = service.environment.flatMap(({ name, value, node, location }): Variable[] => {
        if (value === undefined || value === "") return [];
        const path = formatPath(["services", service.name, "environment", name]);
        return [{ name, value, place: { at: node ?? location, path } }];
      });
      return {
        subject: service.name,
        variables: byName(variables),
        isContainer: true,
        isPublished: service.ports.some(({ host }) => !/^(?:127\.|\[?::1\]?$)/.test(host)),
      };
    }),
  );
  const handedOn = new Set([
    ...services.flatMap(({ variables }) => [...variables.values()].map(keyOf)),
    ...project.of("compose").flatMap(({ variables }) => variables.map(({ name }) => name)),
  ]);
  const files = project.of("dotenv").map((file): Environment => {
    const variables = file.variables
      .filter((variable) => variable.value !== "" && !handedOn.has(variable.name) && !handedOn.has(keyOf(variable)))
      .map(({ name, value, location }): Variable => ({ name, value, place: { at: location, path: name } }));
    return { subject: file.path, variables: byName(variables), isContainer: false };
  });
  return [...services, ...files];
});

function byName(variables: readonly Variable[]): ReadonlyMap<string, Variable> {
  return new Map(variables.map((variable) => [variable.name, variable]));
}

function keyOf({ name, value }: { readonly name: string; readonly value: string }): string {
  return `${name}=${value}`;
}

/** `true`, `1`, `yes`, `on`. */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && /^(?:true|1|yes|on|y)$/i.test(value);
}

/** `false`, `0`, `no`, `off`. */
export function isOff(value: string | undefined): boolean {
  return value !== undefined && /^(?:false|0|no|off|n)$/i.test(value);
}
