/** The object identifiers of controls, extended operations, intermediate responses and features. */
export const Oid = {
  // Controls
  /** Paged results, request and response. RFC 2696 §2. */
  pagedResults: "1.2.840.113556.1.4.319",
  /** Server-side sort, request. RFC 2891 §1.1. */
  serverSideSortRequest: "1.2.840.113556.1.4.473",
  /** Server-side sort, response. RFC 2891 §1.2. */
  serverSideSortResponse: "1.2.840.113556.1.4.474",
  /** Virtual list view, request. draft-ietf-ldapext-ldapv3-vlv-09 §6.1. */
  virtualListViewRequest: "2.16.840.1.113730.3.4.9",
  /** Virtual list view, response. draft-ietf-ldapext-ldapv3-vlv-09 §6.2. */
  virtualListViewResponse: "2.16.840.1.113730.3.4.10",
  /** Proxied authorization. RFC 4370 §3. */
  proxiedAuthorization: "2.16.840.1.113730.3.4.18",
  /** Assertion. RFC 4528 §3. */
  assertion: "1.3.6.1.1.12",
  /** Pre-read, request and response. RFC 4527 §3.1. */
  preRead: "1.3.6.1.1.13.1",
  /** Post-read, request and response. RFC 4527 §3.2. */
  postRead: "1.3.6.1.1.13.2",
  /** ManageDsaIT. RFC 3296 §3. */
  manageDsaIT: "2.16.840.1.113730.3.4.2",
  /** Password policy, request and response. draft-behera-ldap-password-policy-10 §6. */
  passwordPolicy: "1.3.6.1.4.1.42.2.27.8.5.1",
  /** Subentries. RFC 3672 §3. */
  subentries: "1.3.6.1.4.1.4203.1.10.1",
  /** Content synchronization, request. RFC 4533 §2.2. */
  syncRequest: "1.3.6.1.4.1.4203.1.9.1.1",
  /** Content synchronization, state of one entry. RFC 4533 §2.3. */
  syncState: "1.3.6.1.4.1.4203.1.9.1.2",
  /** Content synchronization, done. RFC 4533 §2.4. */
  syncDone: "1.3.6.1.4.1.4203.1.9.1.3",

  // Intermediate responses
  /** Content synchronization, Sync Info Message. RFC 4533 §2.5. */
  syncInfo: "1.3.6.1.4.1.4203.1.9.1.4",

  // Extended operations and unsolicited notifications
  /** Notice of disconnection. RFC 4511 §4.4.1. */
  noticeOfDisconnection: "1.3.6.1.4.1.1466.20036",
  /** StartTLS. RFC 4511 §4.14. */
  startTls: "1.3.6.1.4.1.1466.20037",
  /** Password Modify. RFC 3062 §2. */
  passwordModify: "1.3.6.1.4.1.4203.1.11.1",
  /** Who am I?. RFC 4532 §2. */
  whoAmI: "1.3.6.1.4.1.4203.1.11.3",
  /** Cancel. RFC 3909 §2. */
  cancel: "1.3.6.1.1.8",

  // Features, for supportedFeatures of the root DSE (RFC 4512 §5.1)
  /** `+` selects all operational attributes. RFC 3673 §2. */
  allOperationalAttributes: "1.3.6.1.4.1.4203.1.5.1",
  /** `@class` selects the attributes of an object class. RFC 4529 §2. */
  objectClassAttributes: "1.3.6.1.4.1.4203.1.5.2",
  /** `(&)` is true and `(|)` is false. RFC 4526 §2. */
  absoluteTrueFalseFilters: "1.3.6.1.4.1.4203.1.5.3",
  /** Modify with `increment`. RFC 4525 §2. */
  modifyIncrement: "1.3.6.1.1.14",
} as const;
