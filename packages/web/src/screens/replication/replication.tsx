/** Whether every node of a cluster has the same; since when not; and where not. */
import { Button, Tabs } from "@mantine/core";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useSession } from "../../app/session.ts";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { CanaryDialog } from "./canary-dialog.tsx";
import { DiffTab } from "./diff-tab.tsx";
import { HistoryTab } from "./history-tab.tsx";
import { NowTab } from "./now-tab.tsx";

export default function Replication() {
  const { cluster } = useParams({ from: "/c/$cluster/replication" });
  const { tab = "now" } = useSearch({ from: "/c/$cluster/replication" });
  const navigate = useNavigate();
  const { data: session } = useSession();
  const [isTesting, setIsTesting] = useState(false);
  const connection = session?.clusters.find(({ name }) => name === cluster);
  const mayTest = connection?.may.includes("admin") === true && !connection.readonly;
  return (
    <ScreenPage
      title={`Replication of ${cluster}`}
      help="Each node is asked which changes it has. What cannot be found out is grey, with the reason."
      actions={
        mayTest && (
          <Button variant="default" onClick={() => setIsTesting(true)}>
            Test with an entry…
          </Button>
        )
      }
    >
      <Tabs
        value={tab}
        onChange={(next) =>
          void navigate({
            to: "/c/$cluster/replication",
            params: { cluster },
            search: next === null || next === "now" ? {} : { tab: next },
          })
        }
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="now">Now</Tabs.Tab>
          <Tabs.Tab value="history">History</Tabs.Tab>
          <Tabs.Tab value="diff">Compare entries</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="now" pt="md">
          <NowTab cluster={cluster} />
        </Tabs.Panel>
        <Tabs.Panel value="history" pt="md">
          <HistoryTab cluster={cluster} />
        </Tabs.Panel>
        <Tabs.Panel value="diff" pt="md">
          <DiffTab cluster={cluster} />
        </Tabs.Panel>
      </Tabs>
      {isTesting && <CanaryDialog cluster={cluster} onClose={() => setIsTesting(false)} />}
    </ScreenPage>
  );
}
