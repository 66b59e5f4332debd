/** Groups within groups: who is a member in effect. */

/**
 * The members of a group and of all groups nested in it. Groups that contain each other have the same members; names that
 * are no group are passed over. The result may be the group's own set.
 */
export function withNested(
  name: string,
  direct: ReadonlyMap<string, ReadonlySet<string>>,
  nested: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string> {
  const reached = new Set([name]);
  for (const group of reached) for (const child of nested.get(group) ?? []) if (direct.has(child)) reached.add(child);
  if (reached.size === 1) return direct.get(name) ?? new Set();
  const members = new Set<string>();
  for (const group of reached) for (const member of direct.get(group)!) members.add(member);
  return members;
}
