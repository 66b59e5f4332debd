/** Names, filters and attributes as requests say them: read once, refused with the place that is wrong. */
import {
  type Dn,
  type Filter,
  formatDn,
  ParseError,
  parseAttributeDescription,
  parseDn,
  parseFilter,
} from "@espalier/ldap";
import { ApiError } from "../api/problem.ts";

/** Deeper and larger ones are for programs that take servers down. */
const filterLimits = { maxDepth: 50, maxItems: 2_000 };

/**
 * The DN as this library writes it.
 *
 * @param path where in the request it is
 * @throws ApiError `invalid_request` with `details.offset`
 */
export function dnOf(text: string, path: string): string {
  return formatDn(parsedDn(text, path));
}

/** @throws ApiError as {@link dnOf} */
export function parsedDn(text: string, path: string): Dn {
  return parsed(() => parseDn(text), "is no distinguished name", path);
}

/** @throws ApiError as {@link dnOf} */
export function filterOf(text: string, path = "filter"): Filter {
  return parsed(() => parseFilter(text, filterLimits), "cannot be read", path);
}

/** @throws ApiError `invalid_request` */
export function attributesOf(names: readonly string[], path = "attributes"): string[] {
  for (const [index, name] of names.entries()) {
    const isSelector = name === "*" || name === "+" || name.startsWith("@");
    if (!isSelector && parseAttributeDescription(name) === undefined) {
      const message = `${name} is no attribute.`;
      throw new ApiError("invalid_request", message, { errors: [{ path: `${path}.${index}`, message }] });
    }
  }
  return [...names];
}

/** `cn, mail`: @throws ApiError `invalid_request` */
export function attributeListOf(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  return attributesOf(names.filter((name) => name !== ""));
}

function parsed<T>(parse: () => T, what: string, path: string): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new ApiError("invalid_request", `The ${path} ${what}: ${error.message}`, {
      errors: [{ path, message: error.message }],
      ...(error.offset === undefined ? {} : { details: { offset: error.offset } }),
      cause: error,
    });
  }
}
