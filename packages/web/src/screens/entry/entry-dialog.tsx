/** What can be done to an entry as a whole: each shows what it would do before it does it. */
import { Modal, Text } from "@mantine/core";
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
  /** Of a move: below which entry, as far as that is known. */
  readonly newParent?: string | undefined;
  /**
   * @param isGone there is no entry of this name any more
   * @param now what its name is, then, unless it was deleted
   */
  readonly onDone: (isGone: boolean, now?: string) => void;
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
      <Text className="mono" mb="sm">
        {props.dn}
      </Text>
      <Form {...props} />
    </Modal>
  );
}
