/** Brings together what is known: options first, then what a person answers, or defaults where nobody can be asked. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { hasPassword, SourceError, withPassword } from "@espalier/gateway";
import type { Environment } from "../configuration.ts";
import { AnswerError } from "../input/answer-error.ts";
import {
  baseOfDomain,
  listOf,
  parseBase,
  parseHostName,
  parseListener,
  parseMailAddress,
  parseMailServer,
  parsePemFile,
  parseServer,
} from "../input/parse-answer.ts";
import {
  type Answers,
  type Certificate,
  type GatewayAnswers,
  loopbackGateway,
  type MailAnswers,
  type ManagerAnswers,
  type PartName,
  type ProxyAnswers,
  parseParts,
  parts as partNames,
} from "./answers.ts";
import { lookIntoDatabase } from "./look-into-database.ts";
import type { Terminal } from "./terminal.ts";

/** As the command line has them, read already. */
export interface InitOptions {
  readonly parts?: readonly PartName[];
  readonly base?: string;
  readonly name?: string;
  readonly listen?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly database?: string;
  readonly backend: readonly string[];
  readonly server: readonly string[];
  readonly ca?: string;
  readonly admin?: string;
  readonly mailServer?: string;
  readonly mailUser?: string;
  readonly mailFrom?: string;
  readonly mailTo: readonly string[];
}

/** Nobody is there to be asked, and without these there is no answer. */
export class MissingOptionsError extends Error {
  override readonly name = "MissingOptionsError";
  readonly options: readonly string[];
  constructor(options: readonly string[]) {
    super(`missing: ${options.join(", ")}`);
    this.options = options;
  }
}

/** Whom there is to talk to. */
export interface Audience {
  /** Undefined where nobody can be asked. */
  readonly terminal: Terminal | undefined;
  say(sentence: string): void;
}

/** @throws {MissingOptionsError} without a terminal @throws {AnswerError} for options that contradict each other */
export async function gatherAnswers(
  options: InitOptions,
  environment: Environment,
  audience: Audience,
): Promise<Answers> {
  const { terminal } = audience;
  const asker = new Asker(options, environment, audience);
  const parts = await asker.parts();
  if (terminal === undefined) refuseMissing(parts, options, environment);
  const [hasGateway, hasProxy, hasManager] = [
    parts.includes("gateway"),
    parts.includes("proxy"),
    parts.includes("manager"),
  ];
  const base = hasGateway ? await asker.base() : options.base;
  const name = hasGateway || hasProxy ? await asker.name() : hostname();
  const certificate = hasGateway || hasProxy ? await asker.certificate(hasProxy) : undefined;
  const database = hasGateway ? await asker.database() : undefined;
  const proxy = hasProxy ? await asker.proxy(certificate, hasGateway) : undefined;
  const manager = hasManager ? await asker.manager(hasGateway) : undefined;
  const isBeside =
    proxy?.backends.includes(loopbackGateway) || (manager !== undefined && manager.servers === undefined);
  const gateway = database && {
    ...database,
    listen: [...(hasProxy ? [] : [await asker.listener()]), ...(isBeside || hasProxy ? [loopbackGateway] : [])],
  };
  const servers = [...(proxy?.backends ?? []), ...(manager?.servers ?? [])];
  const ca = servers.some((url) => url.startsWith("ldaps:")) ? await asker.authority() : undefined;
  const notify = parts.includes("notify") ? await asker.mail() : undefined;
  return { base, name, certificate, ca, gateway, proxy, manager, notify, secrets: asker.secrets };
}

class Asker {
  /** What must be written beside the file. */
  readonly secrets = new Map<string, string>();
  readonly #options: InitOptions;
  readonly #environment: Environment;
  readonly #terminal: Terminal | undefined;
  readonly #say: (sentence: string) => void;

  constructor(options: InitOptions, environment: Environment, { terminal, say }: Audience) {
    this.#options = options;
    this.#environment = environment;
    this.#terminal = terminal;
    this.#say = say;
  }

  async parts(): Promise<readonly PartName[]> {
    const { parts, database, backend, server, mailTo } = this.#options;
    if (parts !== undefined) return parts;
    const said = {
      gateway: database !== undefined || variable(this.#environment, "SQL_URI") !== undefined,
      proxy: backend.length > 0,
      manager: server.length > 0,
      notify: mailTo.length > 0,
    };
    const implied = partNames.filter((part) => said[part]);
    if (this.#terminal === undefined) return implied;
    this.#terminal.say(`What should it do?
  gateway  serve the users of an SQL database over LDAP
  proxy    stand in front of LDAP servers, so that one of them can be lost
  manager  show and change LDAP servers in a browser
  notify   send a mail when something goes wrong`);
    return this.#terminal.ask("Parts, with commas between", parseParts, implied.join(",") || "gateway");
  }

  base(): Promise<string> {
    const domain = hostname().split(".").slice(1);
    const fallback = domain.length > 1 ? baseOfDomain(domain.join(".")) : undefined;
    return this.#required(this.#options.base, "Base DN, as in dc=example,dc=com", parseBase, fallback);
  }

  name(): Promise<string> {
    return this.#required(
      this.#options.name,
      "Name by which clients reach this machine",
      parseHostName,
      hostname().toLowerCase(),
    );
  }

  async certificate(isNeeded: boolean): Promise<Certificate | undefined> {
    const { cert, key } = this.#options;
    if ((cert === undefined) !== (key === undefined)) throw new AnswerError("--cert and --key go together");
    const without = isNeeded ? "without one only this machine is served" : "without one it makes its own";
    const certPath = await this.#optional(cert, `Certificate, a PEM file (Enter: ${without})`, parsePemFile);
    if (certPath === undefined) return undefined;
    return { certPath, keyPath: await this.#required(key, "Its private key, a PEM file", parsePemFile) };
  }

  listener(): Promise<string> {
    const port = process.getuid?.() === 0 ? 636 : 6360;
    return this.#required(this.#options.listen, "Where to serve clients", parseListener, `ldaps://0.0.0.0:${port}`);
  }

  async database(): Promise<Omit<GatewayAnswers, "listen">> {
    for (;;) {
      const url = await this.#databaseUrl();
      const isKnown = this.#options.database === undefined && variable(this.#environment, "SQL_URI") !== undefined;
      const isSecret = isKnown || hasPassword(url);
      this.#say("Looking into the database …");
      const found = await lookIntoDatabase(url);
      const isFound = "proposal" in found;
      for (const sentence of isFound ? found.sentences : [`${found.reason}.`]) this.#say(`  ${sentence}`);
      const question = isFound ? "Serve these?" : "Go on, and write the queries into the file by hand afterwards?";
      const isTaken = this.#terminal === undefined || (await this.#terminal.confirm(question));
      if (!isTaken && !isFound && !isKnown && this.#options.database === undefined) continue;
      if (isSecret && !isKnown) this.secrets.set("SQL_URI", url);
      return {
        url: isSecret ? undefined : url,
        proposal: isTaken && isFound ? found.proposal : undefined,
        reason: isFound ? "those that were found are not served" : found.reason,
      };
    }
  }

  async proxy(certificate: Certificate | undefined, hasGateway: boolean): Promise<ProxyAnswers> {
    const { backend, listen } = this.#options;
    const backends = await this.#required(
      backend.length > 0 ? backend : undefined,
      "LDAP servers behind the proxy, with commas between, as in ldaps://ldap1,ldaps://ldap2",
      listOf(parseServer),
      hasGateway ? loopbackGateway : undefined,
    );
    if (certificate !== undefined) return { backends, listen: await this.listener() };
    if (listen?.startsWith("ldaps:")) throw new AnswerError(`a proxy at ${listen} needs --cert and --key`);
    return { backends, listen: listen ?? "ldap://127.0.0.1:3891" };
  }

  async manager(hasGateway: boolean): Promise<ManagerAnswers> {
    const { server, admin } = this.#options;
    const given = server.length > 0 ? server : undefined;
    const servers = hasGateway
      ? await this.#optional(
          given,
          "LDAP servers to manage (Enter: to show what the gateway serves)",
          listOf(parseServer),
        )
      : await this.#required(
          given,
          "LDAP servers to manage, which hold the same, as in ldaps://ldap1,ldaps://ldap2",
          listOf(parseServer),
        );
    if (servers === undefined) return { servers, admin: undefined };
    return {
      servers,
      admin: await this.#required(admin, "DN of who may change everything there", parseBase),
    };
  }

  authority(): Promise<string | undefined> {
    const question = "Authority of the servers' certificates, a PEM file (Enter: those of the system)";
    return this.#optional(this.#options.ca, question, parsePemFile);
  }

  async mail(): Promise<MailAnswers> {
    const { mailServer, mailUser, mailFrom, mailTo } = this.#options;
    const server = await this.#required(mailServer, "Mail server, as in mail.example.com", parseMailServer);
    const user = await this.#optional(mailUser, "User there (Enter: no login)", (text) => text);
    if (user !== undefined && variable(this.#environment, "SMTP_PASSWORD") === undefined && this.#terminal) {
      this.secrets.set("SMTP_PASSWORD", await this.#terminal.askSecret(`Password of ${user} (not shown)`));
    }
    const fallback = user?.includes("@") ? user : undefined;
    const from = await this.#required(mailFrom, "Sender of the mails", parseMailAddress, fallback);
    const recipients = mailTo.length > 0 ? mailTo : undefined;
    return { server, user, from, to: await this.#required(recipients, "Who gets them", listOf(parseMailAddress)) };
  }

  async #databaseUrl(): Promise<string> {
    const { database } = this.#options;
    if (database !== undefined && hasPassword(database)) {
      throw new AnswerError(
        "a password on the command line can be read by every user of this machine: leave it out of --database, and name a file with the whole URL as SQL_URI_FILE",
      );
    }
    const known = database ?? variable(this.#environment, "SQL_URI");
    const url = await this.#required(
      known === undefined ? undefined : parseDatabase(known),
      "Database, as in postgres://reader@db.example.com/users?sslmode=verify-full or sqlite:users.db",
      parseDatabase,
    );
    if (this.#terminal === undefined || hasPassword(url) || !/:\/\/[^/?#]*@/.test(url)) return url;
    const password = await this.#terminal.askSecret("Password of that user (not shown; Enter: none)");
    return password === "" ? url : withPassword(url, password);
  }

  async #required<T>(
    given: T | undefined,
    question: string,
    parse: (text: string) => T,
    fallback?: string,
  ): Promise<T> {
    if (given !== undefined) return given;
    if (this.#terminal !== undefined) return this.#terminal.ask(question, parse, fallback);
    return parse(fallback ?? "");
  }

  async #optional<T>(given: T | undefined, question: string, parse: (text: string) => T): Promise<T | undefined> {
    if (given !== undefined || this.#terminal === undefined) return given;
    return this.#terminal.ask(question, (text) => (text === "" ? undefined : parse(text)), "");
  }
}

function refuseMissing(parts: readonly PartName[], options: InitOptions, environment: Environment): void {
  const { base, database, backend, server, admin, mailServer, mailUser, mailFrom, mailTo } = options;
  const hasGateway = parts.includes("gateway");
  const missing: string[] = [];
  const need = (is: boolean, text: string) => void (is && missing.push(text));
  if (parts.length === 0) {
    missing.push(
      "--database <url>, or the variable SQL_URI: to serve the users of an SQL database",
      "--backend <url>: to stand in front of LDAP servers",
      "--server <url>: to manage LDAP servers in a browser",
      "--mail-to <address>: to send mails",
    );
    throw new MissingOptionsError(missing);
  }
  if (hasGateway) {
    need(base === undefined, "--base <dn>, as in dc=example,dc=com");
    need(
      database === undefined && variable(environment, "SQL_URI") === undefined,
      "--database <url>, or the variable SQL_URI",
    );
  }
  need(parts.includes("proxy") && !hasGateway && backend.length === 0, "--backend <url>");
  need(parts.includes("manager") && !hasGateway && server.length === 0, "--server <url>");
  need(parts.includes("manager") && server.length > 0 && admin === undefined, "--admin <dn>");
  if (parts.includes("notify")) {
    need(mailServer === undefined, "--mail-server <host>");
    need(mailTo.length === 0, "--mail-to <address>");
    need(mailFrom === undefined && !mailUser?.includes("@"), "--mail-from <address>");
    need(
      mailUser !== undefined && variable(environment, "SMTP_PASSWORD") === undefined,
      "the variable SMTP_PASSWORD, or SMTP_PASSWORD_FILE",
    );
  }
  if (missing.length > 0) throw new MissingOptionsError(missing);
}

/** @throws {AnswerError} */
function parseDatabase(text: string): string {
  try {
    hasPassword(text);
    return text;
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new AnswerError(error.message.replace(/^SQL_URI/, "the database's URL").replace(/\.$/, ""));
  }
}

function variable(environment: Environment, name: string): string | undefined {
  const [text, file] = [environment[name], environment[`${name}_FILE`]];
  if (text !== undefined && text !== "") return text;
  if (file === undefined || file === "") return undefined;
  try {
    return readFileSync(file, "utf8").trimEnd();
  } catch (error) {
    throw new AnswerError(
      `${file}, which ${name}_FILE names, cannot be read (${(error as NodeJS.ErrnoException).code})`,
    );
  }
}
