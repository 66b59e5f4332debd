/** The groups of a directory, and who is in them. */
import { Button } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useSession } from "../../app/session.ts";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { GroupMembers } from "./group-members.tsx";
import { PeopleTable } from "./people-table.tsx";

export default function Groups() {
  const { cluster } = useParams({ from: "/c/$cluster/groups" });
  const { q = "", dn } = useSearch({ from: "/c/$cluster/groups" });
  const navigate = useNavigate();
  const { data: session } = useSession();
  const [selection, setSelection] = useState<ReadonlySet<string>>(new Set());
  const may = session?.clusters.find(({ name }) => name === cluster)?.may ?? [];
  const go = (search: { readonly q?: string; readonly dn?: string }, replace = true) =>
    void navigate({
      to: "/c/$cluster/groups",
      params: { cluster },
      search: (before) => ({ ...before, ...search }),
      replace,
    });
  if (dn !== undefined) {
    return (
      <ScreenPage
        title={dn}
        help="Members are found by their name, added by picking or by pasting a list, and removed many at once."
        actions={
          <Button
            variant="default"
            leftSection={<IconArrowLeft size={16} aria-hidden />}
            onClick={() => go({ dn: undefined }, false)}
          >
            All groups
          </Button>
        }
      >
        <GroupMembers key={dn} cluster={cluster} dn={dn} mayWrite={may.includes("write")} />
      </ScreenPage>
    );
  }
  return (
    <ScreenPage title={`Groups of ${cluster}`} help="Open a group to see and change who is in it.">
      <PeopleTable
        cluster={cluster}
        kind="groups"
        sought={q}
        onSeek={(text) => go({ q: text === "" ? undefined : text })}
        selection={selection}
        onSelect={setSelection}
        onOpen={(group) => go({ dn: group }, false)}
      />
    </ScreenPage>
  );
}
