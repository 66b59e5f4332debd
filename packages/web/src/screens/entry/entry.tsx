/** One entry on a screen of its own. */
import { Button } from "@mantine/core";
import { IconBinaryTree2 } from "@tabler/icons-react";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { titleOf } from "../../api/values.ts";
import { Empty } from "../../parts/empty.tsx";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { EntryView, useEntry } from "./entry-view.tsx";

export default function Entry() {
  const { cluster } = useParams({ from: "/c/$cluster/entry" });
  const { dn, tab } = useSearch({ from: "/c/$cluster/entry" });
  const navigate = useNavigate();
  const found = useEntry(cluster, dn).data?.entry;
  const toTree = (chosen?: string) =>
    ({ to: "/c/$cluster/tree", params: { cluster }, search: chosen ? { dn: chosen } : {} }) as const;
  return (
    <ScreenPage
      title={found === undefined ? (dn ?? "Entry") : titleOf(found.dn, found.attributes)}
      actions={
        <Button
          variant="default"
          leftSection={<IconBinaryTree2 size={16} aria-hidden />}
          renderRoot={(props) => <Link {...toTree(dn)} {...props} />}
        >
          Show in the tree
        </Button>
      }
    >
      {dn === undefined ? (
        <Empty title="No entry is named">The address of this screen names one, as in ?dn=uid=ann,…</Empty>
      ) : (
        <EntryView
          key={dn}
          cluster={cluster}
          dn={dn}
          onGone={(now) =>
            void navigate(
              now === undefined ? toTree() : { to: "/c/$cluster/entry", params: { cluster }, search: { dn: now } },
            )
          }
          isAlone
          tab={tab}
          onTab={(chosen) =>
            void navigate({
              to: "/c/$cluster/entry",
              params: { cluster },
              search: { dn, tab: chosen },
              replace: true,
            })
          }
        />
      )}
    </ScreenPage>
  );
}
