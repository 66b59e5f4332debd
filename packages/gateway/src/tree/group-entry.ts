/** The entries of groups: posixGroup (RFC 2307) and groupOfNames (RFC 4519 §3.5) in one, with members in both shapes. */
import type { ContentAttribute, EntryContent } from "./entry-content.ts";
import { operationalAttributes, type Timestamps, type Tree } from "./tree.ts";

export interface GroupMembers {
  /** User names, as the users' `uid` spells them. */
  readonly memberUids: readonly string[];
  /** DNs, spelt exactly as the members' entries are: Proxmox compares them as lower-cased text. */
  readonly memberDns: readonly string[];
}

/**
 * A group's entry. It is a groupOfNames even while it has no member: a client that mirrors groups by that class, as
 * Proxmox does, would otherwise delete the group, and its permissions, when the last member leaves.
 */
export function groupEntry(
  tree: Tree,
  group: { name: string; gidNumber: number },
  members: GroupMembers,
  about: Timestamps,
): EntryContent {
  const dn = tree.groupDn(group.name);
  const attributes: ContentAttribute[] = [
    ["objectClass", ["top", "groupOfNames", "posixGroup"]],
    ["cn", [group.name]],
    ["gidNumber", [String(group.gidNumber)]],
  ];
  if (members.memberUids.length > 0) attributes.push(["memberUid", members.memberUids]);
  if (members.memberDns.length > 0) attributes.push(["member", members.memberDns]);
  return { dn, attributes, operational: operationalAttributes(tree, dn, { structural: "groupOfNames", ...about }) };
}

/**
 * The group that stands in for a primary group number no group has: named after its user, who is its only member. It is
 * a groupOfMembers (draft-howard-rfc2307bis-02), which gives it its name, and no groupOfNames, so that clients that mirror
 * those do not make a group of each user.
 */
export function privateGroupEntry(
  tree: Tree,
  owner: { username: string; gidNumber: number },
  about: Timestamps,
): EntryContent {
  const dn = tree.groupDn(owner.username);
  return {
    dn,
    attributes: [
      ["objectClass", ["top", "groupOfMembers", "posixGroup"]],
      ["cn", [owner.username]],
      ["gidNumber", [String(owner.gidNumber)]],
      ["memberUid", [owner.username]],
    ],
    operational: operationalAttributes(tree, dn, { structural: "groupOfMembers", ...about }),
  };
}
