/** The people of a directory. */
import { Button, Group, Modal } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useSession } from "../../app/session.ts";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { AccountActions } from "./account-actions.tsx";
import { CreationForm } from "./creation-form.tsx";
import { PeopleTable, useForms } from "./people-table.tsx";

export default function Users() {
  const { cluster } = useParams({ from: "/c/$cluster/users" });
  const { q = "", dialog } = useSearch({ from: "/c/$cluster/users" });
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const forms = useForms(cluster);
  const { data: session } = useSession();
  const [selection, setSelection] = useState<ReadonlySet<string>>(new Set());
  const may = session?.clusters.find(({ name }) => name === cluster)?.maySomewhere ?? [];
  const go = (search: { readonly q?: string; readonly dialog?: string }) =>
    void navigate({
      to: "/c/$cluster/users",
      params: { cluster },
      search: (before) => ({ ...before, ...search }),
      replace: true,
    });
  const refresh = () => queryClient.invalidateQueries({ queryKey: ["search", cluster] });
  const form = forms.data?.userCreation;
  return (
    <ScreenPage
      title={`Users of ${cluster}`}
      help="Find somebody, open their entry, set a password, unlock or disable an account. Several can be chosen at once."
      actions={
        form !== undefined &&
        may.includes("write") && (
          <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => go({ dialog: "create" })}>
            Add a user
          </Button>
        )
      }
    >
      {selection.size > 0 && may.includes("password") && (
        <Group>
          <AccountActions
            cluster={cluster}
            dns={[...selection]}
            onDone={() => {
              setSelection(new Set());
              void refresh();
            }}
          />
        </Group>
      )}
      <PeopleTable
        cluster={cluster}
        kind="users"
        sought={q}
        onSeek={(text) => go({ q: text === "" ? undefined : text })}
        selection={selection}
        onSelect={setSelection}
      />
      {form !== undefined && (
        <Modal opened={dialog === "create"} onClose={() => go({ dialog: undefined })} title="Add a user" size="lg">
          <CreationForm
            cluster={cluster}
            name="user"
            form={form}
            onClose={() => go({ dialog: undefined })}
            onDone={(dn) => {
              void refresh();
              void navigate({ to: "/c/$cluster/entry", params: { cluster }, search: { dn } });
            }}
          />
        </Modal>
      )}
    </ScreenPage>
  );
}
