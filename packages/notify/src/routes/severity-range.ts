/** Which severities a route is for: `high+` for high and graver, `low` alone, or a list of both. */
import { type Severity, severities } from "@espalier/service";
import { z } from "zod";

const pattern = new RegExp(`^(${severities.join("|")})(\\+?)$`);

/** Read into the severities themselves, the gravest first. */
export function severityRange() {
  return z.union([z.string(), z.array(z.string()).min(1)]).transform((written, context): readonly Severity[] => {
    const chosen = new Set<Severity>();
    for (const text of [written].flat()) {
      const [, severity, andGraver] = pattern.exec(text) ?? [];
      if (severity === undefined) {
        context.addIssue(`must be one of ${severities.join(", ")}, or one with a + for it and graver, such as high+`);
        return z.NEVER;
      }
      const rank = severities.indexOf(severity as Severity);
      for (const each of severities.slice(andGraver === "" ? rank : 0, rank + 1)) chosen.add(each);
    }
    return severities.filter((severity) => chosen.has(severity));
  });
}
