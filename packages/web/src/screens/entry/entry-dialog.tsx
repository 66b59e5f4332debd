/** What can be done to an entry as a whole: each shows what it would do before it does it. */
import { Modal } from "@mantine/core";
import { CopyForm } from "./copy-form.tsx";
import { DeleteForm } from "./delete-form.tsx";
import type { DialogKind } from "./entry-view.tsx";
import { MoveForm } from "./move-form.tsx";
import { PasswordForm } from "./password-form.tsx";
import { RenameForm } from "./rename-form.tsx";

export interface EntryFormProps {
  readonly cluster: string;
  readonly dn: string;
  readonly onClose: () => void;
  /** @param isGone there is no entry of this name any more */
  readonly onDone: (isGone: boolean) => void;
}

const forms: Readonly<Record<DialogKind, readonly [string, (props: EntryFormProps) => React.ReactNode]>> = {
  password: ["Set the password", PasswordForm],
  rename: ["Rename", RenameForm],
  move: ["Move", MoveForm],
  copy: ["Copy", CopyForm],
  delete: ["Delete", DeleteForm],
};

export default function EntryDialog({ kind, ...props }: EntryFormProps & { readonly kind: DialogKind }) {
  const [title, Form] = forms[kind];
  return (
    <Modal opened onClose={props.onClose} title={title} size="lg">
      <Form {...props} />
    </Modal>
  );
}
