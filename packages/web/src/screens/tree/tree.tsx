/** The directory as a tree, with the chosen entry beside it where there is room. */
import { Button, Grid } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconRefresh } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useSession } from "../../app/session.ts";
import { Empty } from "../../parts/empty.tsx";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { type DialogKind, EntryView } from "../entry/entry-view.tsx";
import { DirectoryTree } from "./directory-tree.tsx";
import { TreeMenu, type TreeMenuAt } from "./tree-menu.tsx";
import { useTree } from "./tree-state.ts";

const EntryDialog = lazy(() => import("../entry/entry-dialog.tsx"));

interface OpenDialog {
  readonly kind: DialogKind;
  readonly dn: string;
  readonly newParent?: string;
}

export default function Tree() {
  const { cluster } = useParams({ from: "/c/$cluster/tree" });
  // A tree of its own for each cluster.
  return <ClusterTree key={cluster} cluster={cluster} />;
}

function ClusterTree({ cluster }: { readonly cluster: string }) {
  const { dn, tab } = useSearch({ from: "/c/$cluster/tree" });
  const navigate = useNavigate();
  const isWide = useMediaQuery("(min-width: 62em)", true);
  const { rows, toggle, refresh, fetchMore, fetchLevel } = useTree(cluster, dn);
  const { data: session } = useSession();
  const mayWrite =
    session?.clusters.some(({ name, maySomewhere }) => name === cluster && maySomewhere.includes("write")) === true;
  const [sought, setSought] = useState(dn);
  const [menu, setMenu] = useState<TreeMenuAt>();
  const [dialog, setDialog] = useState<OpenDialog>();
  useEffect(() => void fetchLevel(""), [fetchLevel]);
  const select = (chosen: string) =>
    void (isWide
      ? navigate({ to: "/c/$cluster/tree", params: { cluster }, search: { dn: chosen }, replace: true })
      : navigate({ to: "/c/$cluster/entry", params: { cluster }, search: { dn: chosen } }));
  const show = (chosen: string | undefined) =>
    void navigate({
      to: "/c/$cluster/tree",
      params: { cluster },
      search: chosen === undefined ? {} : { dn: chosen },
      replace: true,
    });
  /** After a change of what there is. The entry that was looked at may have another name, or be gone. */
  const changed = (was: string, isGone: boolean, now: string | undefined) => {
    refresh(now);
    if (now !== undefined) setSought(now);
    if (now !== undefined || (isGone && was === dn)) show(now);
  };
  return (
    <ScreenPage
      title={`Tree of ${cluster}`}
      help={`Open a branch with its arrow, or with → and ← on the keyboard; Enter shows the entry.${mayWrite ? " The right mouse button, or Shift+F10, tells what can be done with it; what is dragged onto another is moved below it." : ""}`}
      actions={
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={() => refresh()}>
          Read again
        </Button>
      }
    >
      <Grid>
        <Grid.Col span={{ base: 12, md: 5, xl: 4 }}>
          <DirectoryTree
            rows={rows}
            selected={dn}
            sought={sought}
            onSelect={select}
            onToggle={toggle}
            onMore={fetchMore}
            onRetry={(failed) => void fetchLevel(failed)}
            onMenu={(child, x, y) => setMenu({ child, x, y })}
            onMove={mayWrite ? (moved, newParent) => setDialog({ kind: "move", dn: moved, newParent }) : undefined}
          />
        </Grid.Col>
        {isWide && (
          <Grid.Col span={{ base: 12, md: 7, xl: 8 }}>
            {dn === undefined ? (
              <Empty title="No entry is chosen">Choose one in the tree to see it here.</Empty>
            ) : (
              <EntryView
                key={dn}
                cluster={cluster}
                dn={dn}
                onGone={(now) => changed(dn, true, now)}
                tab={tab}
                onTab={(chosen) =>
                  void navigate({
                    to: "/c/$cluster/tree",
                    params: { cluster },
                    search: { dn, tab: chosen },
                    replace: true,
                  })
                }
              />
            )}
          </Grid.Col>
        )}
      </Grid>
      {menu !== undefined && (
        <TreeMenu
          at={menu}
          mayWrite={mayWrite}
          onClose={() => setMenu(undefined)}
          onShow={select}
          onDialog={(kind, of) => setDialog({ kind, dn: of })}
        />
      )}
      <Suspense fallback={null}>
        {dialog !== undefined && (
          <EntryDialog
            {...dialog}
            cluster={cluster}
            onClose={() => setDialog(undefined)}
            onDone={(isGone, now) => {
              setDialog(undefined);
              changed(dialog.dn, isGone, now);
            }}
          />
        )}
      </Suspense>
    </ScreenPage>
  );
}
