/** Another place for an entry, with all below it where the server can. */

import { Input } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { api } from "../../api/client.ts";
import { DnPicker } from "./dn-picker.tsx";
import type { EntryFormProps } from "./entry-dialog.tsx";
import { PreviewedForm } from "./previewed-form.tsx";

export function MoveForm({ cluster, dn, newParent: given = "", onClose, onDone }: EntryFormProps) {
  const [newParent, setNewParent] = useState(given);
  return (
    <PreviewedForm
      content={newParent}
      isFilled={newParent.includes("=")}
      isLookedAtOnce={given !== ""}
      send={(preview) =>
        api("POST /clusters/{cluster}/entries/move", { params: { cluster }, body: { dn, newParent, preview } })
      }
      verb="Move"
      onClose={onClose}
      onDone={({ dn: moved }) => {
        notifications.show({ message: `It is ${moved} now.` });
        onDone(true, moved);
      }}
    >
      <Input.Wrapper label="Below which entry" description="References to it are changed with it.">
        <DnPicker cluster={cluster} label="Below which entry" value={newParent} onChange={setNewParent} />
      </Input.Wrapper>
    </PreviewedForm>
  );
}
