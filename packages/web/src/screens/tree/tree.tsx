/** The directory as a tree, with the chosen entry beside it where there is room. */
import { Button, Grid } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconRefresh } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { Empty } from "../../parts/empty.tsx";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { EntryView } from "../entry/entry-view.tsx";
import { DirectoryTree } from "./directory-tree.tsx";
import { useTree } from "./tree-state.ts";

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
  useEffect(() => void fetchLevel(""), [fetchLevel]);
  const select = (chosen: string) =>
    void (isWide
      ? navigate({ to: "/c/$cluster/tree", params: { cluster }, search: { dn: chosen }, replace: true })
      : navigate({ to: "/c/$cluster/entry", params: { cluster }, search: { dn: chosen } }));
  return (
    <ScreenPage
      title={`Tree of ${cluster}`}
      help="Open a branch with its arrow, or with → and ← on the keyboard; Enter shows the entry."
      actions={
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={refresh}>
          Read again
        </Button>
      }
    >
      <Grid>
        <Grid.Col span={{ base: 12, md: 5, xl: 4 }}>
          <DirectoryTree
            rows={rows}
            selected={dn}
            onSelect={select}
            onToggle={toggle}
            onMore={fetchMore}
            onRetry={(failed) => void fetchLevel(failed)}
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
                onGone={refresh}
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
    </ScreenPage>
  );
}
