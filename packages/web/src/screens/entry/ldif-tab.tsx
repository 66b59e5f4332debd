/** The entry as LDIF, to read and to copy. */

import { formatLdifRecord, type LdifContentRecord } from "@espalier/ldap";
import type { EntryJson } from "@espalier/manager/api";
import { Button, CopyButton, Group, Stack } from "@mantine/core";
import { LdifView } from "../../parts/ldif-view.tsx";

export interface LdifTabProps {
  readonly cluster: string;
  readonly entry: EntryJson;
  readonly mayWrite: boolean;
  readonly onApplied: () => void;
}

const encoder = new TextEncoder();

export default function LdifTab({ entry }: LdifTabProps) {
  const ldif = ldifOf(entry);
  return (
    <Stack>
      <Group justify="flex-end">
        <CopyButton value={ldif}>
          {({ copied, copy }) => (
            <Button variant="default" size="xs" onClick={copy}>
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
      </Group>
      <LdifView ldif={ldif} label="The entry as LDIF" />
    </Stack>
  );
}

/** Secrets are not part of it. */
function ldifOf({ dn, attributes }: EntryJson): string {
  const record: LdifContentRecord = {
    type: "content",
    dn,
    attributes: Object.entries(attributes).flatMap(([type, values]) => {
      const bytes = values.flatMap((value) => {
        if (typeof value === "string") return [encoder.encode(value)];
        return "base64" in value ? [Uint8Array.from(atob(value.base64), (each) => each.charCodeAt(0))] : [];
      });
      return bytes.length === 0 ? [] : [{ type, values: bytes }];
    }),
  };
  return formatLdifRecord(record);
}
