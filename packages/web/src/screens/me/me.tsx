/** What is one's own: connections to clusters, password, second factor, sessions. */
import { Stack } from "@mantine/core";
import { useSession } from "../../app/session.ts";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { Connections } from "./connections.tsx";
import { OwnPassword } from "./own-password.tsx";
import { SecondFactor } from "./second-factor.tsx";
import { Sessions } from "./sessions.tsx";

export default function Me() {
  const { data: session } = useSession();
  if (session === null || session === undefined) return null;
  const isRestricted = session.secondFactor.restriction !== undefined;
  return (
    <ScreenPage title="You" help={`Signed in as ${session.name}.`}>
      <Stack gap="xl" maw={900}>
        {!isRestricted && (
          <>
            <Connections session={session} />
            <OwnPassword session={session} />
          </>
        )}
        <SecondFactor session={session} />
        {!isRestricted && <Sessions />}
      </Stack>
    </ScreenPage>
  );
}
