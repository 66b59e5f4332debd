/** Groups within groups: who is a member in effect. */

/**
 * The members of each group and of all groups nested in it, sorted. Groups that contain each other have the same members;
 * names that are no group are passed over.
 */
export function effectiveMembers(
  direct: ReadonlyMap<string, ReadonlySet<string>>,
  nested: ReadonlyMap<string, readonly string[]>,
): Map<string, readonly string[]> {
  const effective = new Map<string, readonly string[]>();
  for (const [name, members] of direct) {
    const reached = within(name, nested);
    if (reached.size === 1) effective.set(name, [...members].sort());
    else effective.set(name, [...new Set([...reached].flatMap((group) => [...(direct.get(group) ?? [])]))].sort());
  }
  return effective;
}

/** The group and every group reachable from it. */
function within(name: string, nested: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set([name]);
  for (const group of reached) for (const child of nested.get(group) ?? []) reached.add(child);
  return reached;
}
