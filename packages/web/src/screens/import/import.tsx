/** Brings entries into a directory from a file, and takes them out into one. */
import { Divider, Paper, Stack, Title } from "@mantine/core";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useSession } from "../../app/session.ts";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { useAttributes } from "../search/use-attributes.ts";
import { ExportForm } from "./export-form.tsx";
import { ImportForm } from "./import-form.tsx";
import { JobList } from "./job-list.tsx";

export default function Import() {
  const { cluster } = useParams({ from: "/c/$cluster/import" });
  const { job } = useSearch({ from: "/c/$cluster/import" });
  const navigate = useNavigate();
  const { data: session } = useSession();
  const connection = session?.clusters.find(({ name }) => name === cluster);
  const may = connection?.maySomewhere ?? [];
  const known = useAttributes(cluster);
  return (
    <ScreenPage
      title={`Import and export of ${cluster}`}
      help="A file is checked first, line by line, and nothing is written until you say so. What was imported can be undone."
    >
      <Stack component="section" aria-label="Import">
        <Title order={2} size="h3">
          Import
        </Title>
        <ImportForm
          cluster={cluster}
          known={known}
          mayWrite={may.includes("write") && connection?.readonly !== true}
          job={job}
          onJob={(id) =>
            void navigate({
              to: "/c/$cluster/import",
              params: { cluster },
              search: { job: id },
              replace: job !== undefined,
            })
          }
        />
      </Stack>
      <Divider />
      <Stack component="section" aria-label="Earlier imports">
        <Title order={2} size="h3">
          Earlier imports
        </Title>
        <JobList cluster={cluster} />
      </Stack>
      <Divider />
      <Stack component="section" aria-label="Export">
        <Title order={2} size="h3">
          Export
        </Title>
        <Paper withBorder p="md">
          <ExportForm cluster={cluster} known={known} mayReveal={connection?.may.includes("admin") === true} />
        </Paper>
      </Stack>
    </ScreenPage>
  );
}
