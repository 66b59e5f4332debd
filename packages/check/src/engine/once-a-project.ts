/** What several rules ask of a whole project is worked out once for each. */
import type { Project } from "./project.ts";

export function onceAProject<T>(derive: (project: Project) => T): (project: Project) => T {
  const known = new WeakMap<Project, { readonly value: T }>();
  return (project) => {
    let found = known.get(project);
    if (found === undefined) {
      found = { value: derive(project) };
      known.set(project, found);
    }
    return found.value;
  };
}
