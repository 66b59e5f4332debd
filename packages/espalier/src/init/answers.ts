/** What `espalier init` has to know, however it was told. */
import { AnswerError } from "../input/answer-error.ts";
import { list } from "../input/parse-answer.ts";
import type { Proposal } from "./propose-queries.ts";

export const parts = ["gateway", "proxy", "manager", "notify"] as const;
export type PartName = (typeof parts)[number];

export interface Certificate {
  readonly certPath: string;
  readonly keyPath: string;
}

export interface GatewayAnswers {
  /** The database's URL where nothing in it is secret; otherwise it is the variable SQL_URI. */
  readonly url: string | undefined;
  readonly proposal: Proposal | undefined;
  /** Why there are no queries. */
  readonly reason: string | undefined;
  readonly listen: readonly string[];
}

export interface ProxyAnswers {
  readonly listen: string;
  readonly backends: readonly string[];
}

export interface ManagerAnswers {
  /** Undefined: the gateway beside it. */
  readonly servers: readonly string[] | undefined;
  /** Who may change everything. */
  readonly admin: string | undefined;
}

export interface MailAnswers {
  readonly server: string;
  readonly user: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
}

export interface Answers {
  readonly base: string | undefined;
  readonly name: string;
  readonly certificate: Certificate | undefined;
  /** The authority of the servers that proxy and manager connect to. */
  readonly ca: string | undefined;
  readonly gateway: GatewayAnswers | undefined;
  readonly proxy: ProxyAnswers | undefined;
  readonly manager: ManagerAnswers | undefined;
  readonly notify: MailAnswers | undefined;
  /** What is not in the file, by the name of the variable that brings it. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** Where a gateway is reached by what runs beside it. */
export const loopbackGateway = "ldap://127.0.0.1:3890";

export function parseParts(text: string): PartName[] {
  const names = list(text);
  const unknown = names.find((name) => !parts.includes(name as PartName));
  if (unknown !== undefined) throw new AnswerError(`"${unknown}" is no part: there are ${parts.join(", ")}`);
  if (names.length === 0) throw new AnswerError(`name at least one of ${parts.join(", ")}`);
  return parts.filter((part) => names.includes(part));
}
