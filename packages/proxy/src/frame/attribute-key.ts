/** One spelling for the many names of an attribute type. RFC 4512 §2.5. */
import { type AttributeType, rfc2307bisSchema } from "@espalier/ldap";

/** The schema that names are looked up in: the published one, as the backends' may differ. */
export const schema = rfc2307bisSchema;

/** The type of a description without its options: `cn` for `CommonName;lang-de` and `2.5.4.3`; else in lower case. */
export function attributeKey(description: string): string {
  const semicolon = description.indexOf(";");
  const type = semicolon === -1 ? description : description.slice(0, semicolon);
  return schema.attribute(type)?.key ?? type.toLowerCase();
}

/** The keys of these types and of all below them: who names `name` may mean `sn` (RFC 4512 §2.5.1). */
export function withSubtypes(types: readonly string[]): ReadonlySet<string> {
  return new Set(types.flatMap((type) => [attributeKey(type), ...schema.subtypes(type).map(({ key }) => key)]));
}

/** The keys of all types above these: who asks for `name` is given `sn`. */
export function superiorsOf(types: readonly string[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const type of types) {
    for (let above: AttributeType | undefined = schema.attribute(type)?.superior; above; above = above.superior) {
      keys.add(above.key);
    }
  }
  return keys;
}
