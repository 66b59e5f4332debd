/** Attributes that a server keeps for itself: nodes that hold the same directory differ in them all the same. */

export const localAttributes = {
  openldap: [
    // The node's place in the changes, and what it computes of the tree.
    ...["contextCSN", "entryDN", "hasSubordinates", "numSubordinates", "subschemaSubentry"],
    // Noted by the node that somebody binds on, and not replicated: slapo-ppolicy(5), lastbind of slapd.conf(5).
    ...["authTimestamp", "pwdLastSuccess", "pwdFailureTime", "pwdAccountLockedTime", "pwdGraceUseTime"],
  ],
  "389ds": [
    // Where the entry is in the node's own database, and what it computes of the tree.
    ...[
      "entryid",
      "parentid",
      "entrydn",
      "dsEntryDN",
      "numSubordinates",
      "hasSubordinates",
      "tombstoneNumSubordinates",
    ],
    ...["subschemaSubentry", "entryusn", "nscpEntryDN", "nsds50ruv", "nsruvReplicaLastModified", "nsds5agmtmaxcsn"],
    // Noted by the node that somebody binds on, unless passwordIsGlobalPolicy is set.
    ...["passwordRetryCount", "retryCountResetTime", "accountUnlockTime", "passwordGraceUserTime", "lastLoginTime"],
    // Noted by the node whose plugin it was.
    ...["internalModifiersName", "internalModifyTimestamp"],
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** In lower case. No server's list has what another one replicates. */
const ignored: ReadonlySet<string> = new Set(
  Object.values(localAttributes).flatMap((names) => names.map((name) => name.toLowerCase())),
);

/** Whether replicas must have its values alike. */
export function isCompared(description: string): boolean {
  const semicolon = description.indexOf(";");
  return !ignored.has((semicolon === -1 ? description : description.slice(0, semicolon)).toLowerCase());
}
