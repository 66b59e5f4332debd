/** Another name for an entry; whatever refers to it is told. */

import { formatRdn, parseDn } from "@espalier/ldap";
import { Checkbox, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { api } from "../../api/client.ts";
import type { EntryFormProps } from "./entry-dialog.tsx";
import { PreviewedForm } from "./previewed-form.tsx";

export function RenameForm({ cluster, dn, onClose, onDone }: EntryFormProps) {
  const [first] = parseDn(dn);
  const old = first === undefined ? "" : formatRdn(first);
  const [newRdn, setNewRdn] = useState(old);
  const [deleteOldRdn, setDeleteOldRdn] = useState(true);
  const body = { dn, newRdn, deleteOldRdn };
  return (
    <PreviewedForm
      content={JSON.stringify(body)}
      isFilled={newRdn.includes("=") && newRdn !== old}
      send={(preview) =>
        api("POST /clusters/{cluster}/entries/rename", { params: { cluster }, body: { ...body, preview } })
      }
      verb="Rename"
      onClose={onClose}
      onDone={({ dn: renamed }) => {
        notifications.show({ message: `It is ${renamed} now.` });
        onDone(true, renamed);
      }}
    >
      <TextInput
        label="New name"
        description="The first part of the DN, as in uid=ann"
        value={newRdn}
        onChange={(event) => setNewRdn(event.currentTarget.value)}
        data-autofocus
      />
      <Checkbox
        label="Remove the old name from the entry"
        checked={deleteOldRdn}
        onChange={(event) => setDeleteOldRdn(event.currentTarget.checked)}
      />
    </PreviewedForm>
  );
}
