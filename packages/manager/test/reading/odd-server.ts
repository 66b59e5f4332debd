/** A small server over a list of entries, for what no installed server does: it cannot page, or it splits long attributes as Active Directory does. */
import {
  attribute,
  builtInSchema,
  compileFilter,
  entryTarget,
  isWithin,
  LdapError,
  normalizeDn,
  type PartialAttribute,
  ResultCode,
} from "@espalier/ldap";
import { createLdapServer } from "@espalier/ldap/server";

export interface OddEntry {
  readonly dn: string;
  readonly attributes: readonly PartialAttribute[];
}

export interface OddServer extends AsyncDisposable {
  readonly port: number;
}

export interface OddOptions {
  readonly rootDse?: readonly PartialAttribute[];
  /** Values of an attribute in one answer; the rest by `;range=`. */
  readonly rangeSize?: number;
  /** Continuation references behind the entries of every subtree search. */
  readonly references?: readonly string[];
  /** Calls attributes what the request calls them. */
  readonly echoesNames?: boolean;
}

export async function startOddServer(entries: readonly OddEntry[], options: OddOptions = {}): Promise<OddServer> {
  const { rootDse = [], rangeSize = Number.POSITIVE_INFINITY, references = [], echoesNames = false } = options;
  const key = (dn: string) => normalizeDn(dn, builtInSchema);
  const [suffix] = entries;
  const rootAttributes = [attribute("objectClass", "top"), attribute("namingContexts", suffix?.dn ?? ""), ...rootDse];
  const server = createLdapServer({
    handler: {
      search(request, operation) {
        const { baseObject, scope, sizeLimit, attributes } = request;
        if (baseObject === "" && scope === "baseObject") {
          operation.entry({ objectName: "", attributes: rootAttributes });
          return operation.done();
        }
        const base = key(baseObject);
        if (!entries.some(({ dn }) => key(dn) === base)) throw new LdapError(ResultCode.noSuchObject);
        const matches = compileFilter(request.filter, builtInSchema);
        let sent = 0;
        for (const { dn, attributes: held } of entries) {
          const isInScope = scope === "baseObject" ? key(dn) === base : isWithin(key(dn), base);
          if (!isInScope || matches(entryTarget({ objectName: dn, attributes: held }, builtInSchema)) !== true)
            continue;
          if (sizeLimit > 0 && sent === sizeLimit) return operation.done(ResultCode.sizeLimitExceeded);
          operation.entry({ objectName: dn, attributes: selected(held, attributes) });
          sent += 1;
        }
        if (scope !== "baseObject") for (const uri of references) operation.reference([uri]);
        operation.done();
      },
    },
  });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  return { port, [Symbol.asyncDispose]: () => server.close() };

  function selected(held: readonly PartialAttribute[], wanted: readonly string[]): PartialAttribute[] {
    if (wanted.length === 0 || wanted.includes("*")) return held.map((one) => ranged(one, 0));
    return wanted.flatMap((description) => {
      const [, name = description, start = "0"] = /^(.*);range=(\d+)-\*$/.exec(description) ?? [];
      const type = builtInSchema.attribute(name);
      const one = held.find((other) => type !== undefined && builtInSchema.attribute(other.type) === type);
      if (one === undefined) return [];
      return [ranged(echoesNames ? { ...one, type: name } : one, Number(start))];
    });
  }

  function ranged({ type, values }: PartialAttribute, start: number): PartialAttribute {
    if (values.length <= rangeSize) return { type, values };
    const end = start + rangeSize;
    const range = `${start}-${end >= values.length ? "*" : end - 1}`;
    return { type: `${type};range=${range}`, values: values.slice(start, end) };
  }
}
