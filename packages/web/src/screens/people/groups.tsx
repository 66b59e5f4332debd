/** The groups of a directory, and who is in them. */
import { parseDn } from "@espalier/ldap";
import { Button } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useSession } from "../../app/session.ts";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { GroupMembers } from "./group-members.tsx";
import { PeopleTable } from "./people-table.tsx";

export default function Groups() {
  const { cluster } = useParams({ from: "/c/$cluster/groups" });
  const { q = "", dn } = useSearch({ from: "/c/$cluster/groups" });
  const navigate = useNavigate();
  const { data: session } = useSession();
  const may = session?.clusters.find(({ name }) => name === cluster)?.maySomewhere ?? [];
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
        title={nameOf(dn)}
        help="Who is in the group. Add people by pasting a list of names; remove many at once."
        actions={
          <>
            <Button
              variant="default"
              renderRoot={(props) => <Link to="/c/$cluster/entry" params={{ cluster }} search={{ dn }} {...props} />}
            >
              The group's entry
            </Button>
            <Button
              variant="default"
              leftSection={<IconArrowLeft size={16} aria-hidden />}
              onClick={() => go({ dn: undefined }, false)}
            >
              All groups
            </Button>
          </>
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
        onOpen={(group) => go({ dn: group }, false)}
      />
    </ScreenPage>
  );
}

/** What it is called: the value of the first part of its DN. */
function nameOf(dn: string): string {
  try {
    const value = parseDn(dn)[0]?.[0]?.value;
    return typeof value === "string" ? value : dn;
  } catch {
    return dn;
  }
}
