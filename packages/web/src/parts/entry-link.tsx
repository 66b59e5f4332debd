/** A DN that leads to its entry. */
import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";

export interface EntryLinkProps {
  readonly cluster: string;
  readonly dn: string;
  readonly children?: React.ReactNode;
}

export function EntryLink({ cluster, dn, children = dn }: EntryLinkProps) {
  return (
    <Anchor
      className="break"
      inherit
      renderRoot={(props) => <Link to="/c/$cluster/entry" params={{ cluster }} search={{ dn }} {...props} />}
    >
      {children}
    </Anchor>
  );
}
