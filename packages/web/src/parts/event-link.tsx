/** To an event: over the timeline as it is filtered, where one comes from there. */
import { Anchor, type AnchorProps } from "@mantine/core";
import { Link, useMatch } from "@tanstack/react-router";
import type { ReactNode } from "react";

export function EventLink({
  id,
  children,
  ...look
}: AnchorProps & { readonly id: string; readonly children: ReactNode }) {
  const timeline = useMatch({ from: "/timeline", shouldThrow: false });
  return (
    <Anchor
      inherit
      {...look}
      renderRoot={(props) => <Link to="/timeline" search={{ ...timeline?.search, id }} {...props} />}
    >
      {children}
    </Anchor>
  );
}
