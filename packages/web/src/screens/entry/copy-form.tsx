/** Another entry like this one. */
import { Checkbox, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { api } from "../../api/client.ts";
import type { EntryFormProps } from "./entry-dialog.tsx";
import { PreviewedForm } from "./previewed-form.tsx";

export function CopyForm({ cluster, dn, onClose, onDone }: EntryFormProps) {
  const [newDn, setNewDn] = useState(dn);
  const [withChildren, setWithChildren] = useState(false);
  const body = { dn, newDn, withChildren };
  return (
    <PreviewedForm
      content={JSON.stringify(body)}
      isFilled={newDn.includes("=") && newDn !== dn}
      send={(preview) =>
        api("POST /clusters/{cluster}/entries/copy", { params: { cluster }, body: { ...body, preview } })
      }
      verb="Copy"
      onClose={onClose}
      onDone={({ dn: copied }) => {
        notifications.show({ message: `There is ${copied} now.` });
        onDone(false);
      }}
    >
      <TextInput
        label="DN of the copy"
        description="Passwords and numbers such as uidNumber are not copied."
        value={newDn}
        onChange={(event) => setNewDn(event.currentTarget.value)}
        data-autofocus
      />
      <Checkbox
        label="With everything below it"
        checked={withChildren}
        onChange={(event) => setWithChildren(event.currentTarget.checked)}
      />
    </PreviewedForm>
  );
}
