/** The end of an entry, or of all that is below it. */
import { Checkbox, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { api } from "../../api/client.ts";
import type { EntryFormProps } from "./entry-dialog.tsx";
import { PreviewedForm } from "./previewed-form.tsx";

export function DeleteForm({ cluster, dn, onClose, onDone }: EntryFormProps) {
  const [subtree, setSubtree] = useState(false);
  return (
    <PreviewedForm
      content={String(subtree)}
      isFilled
      isDangerous
      send={(preview, previewed) => {
        const expected = previewed?.counts.entries;
        const query = {
          dn,
          subtree: subtree ? ("true" as const) : ("false" as const),
          preview: preview ? ("true" as const) : ("false" as const),
          ...(subtree && expected !== undefined ? { expected } : {}),
        };
        return api("DELETE /clusters/{cluster}/entry", { params: { cluster }, query });
      }}
      verb="Delete"
      onClose={onClose}
      onDone={() => {
        notifications.show({ message: "Deleted. The history has an undo." });
        onDone(true);
      }}
    >
      <Text className="break">
        Delete <b>{dn}</b>?
      </Text>
      <Checkbox
        label="With everything below it"
        description="For administrators; the count is shown first."
        checked={subtree}
        onChange={(event) => setSubtree(event.currentTarget.checked)}
      />
    </PreviewedForm>
  );
}
