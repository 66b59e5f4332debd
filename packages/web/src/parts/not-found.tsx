/** An address that leads nowhere. */
import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Empty } from "./empty.tsx";

export function NotFound() {
  return (
    <Empty title="There is no such screen">
      <Anchor renderRoot={(props) => <Link to="/" {...props} />}>Go home</Anchor>
    </Empty>
  );
}
