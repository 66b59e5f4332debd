/**
 * The `notification` backend: asks a person for a yes or no, over the protocol that the system before spoke.
 *
 * A POST of `{username, title, body, actions}` is held by the server until somebody has answered, and comes back as
 * `{success, action}`. Beside that goes a `context` that Espalier's own approvals show and join requests by, and the `apikey`
 * that servers of that protocol read in the body.
 */
import { type JsonAnswer, type JsonRequestOptions, requestJson } from "@espalier/service/request-json";

export interface NotificationOptions extends Omit<JsonRequestOptions, "maxAnswerBytes"> {
  readonly url: URL;
  readonly apiKey: string | undefined;
  /** Which directory the login is for. */
  readonly realm: string;
  /** Users that are let in without being asked: service accounts. Compared without letter case. */
  readonly exempt: readonly string[];
}

export type ApprovalOutcome =
  | { readonly type: "approved" }
  | { readonly type: "refused"; readonly reason: string }
  /** Nobody was asked, or nobody knows what the answer was. */
  | { readonly type: "unavailable"; readonly reason: string };

/** Open requests at most: a person has one, so more than this is an attack with right passwords or a broken server. */
const maxOpen = 1_000;
const maxAnswerBytes = 64 * 1024;

export class NotificationBackend {
  readonly #options: NotificationOptions;
  readonly #exempt: ReadonlySet<string>;
  readonly #open = new Map<string, Promise<ApprovalOutcome>>();

  constructor(options: NotificationOptions) {
    this.#options = options;
    this.#exempt = new Set(options.exempt.map((username) => username.toLowerCase()));
  }

  isExempt(username: string): boolean {
    return this.#exempt.has(username.toLowerCase());
  }

  /**
   * Asks for this user at this address; while that is open, a further attempt joins it and nobody is asked twice. The request
   * outlives a client that has gone: SSSD gives up after `ldap_opt_timeout`, comes again, and finds it still open.
   */
  ask(username: string, address: string): Promise<ApprovalOutcome> {
    const key = `${address} ${username}`;
    const open = this.#open.get(key);
    if (open !== undefined) return open;
    if (this.#open.size >= maxOpen) {
      return Promise.resolve({ type: "unavailable", reason: `${maxOpen} approvals are open already` });
    }
    const asked = this.#ask(username, address).finally(() => this.#open.delete(key));
    this.#open.set(key, asked);
    return asked;
  }

  async #ask(username: string, address: string): Promise<ApprovalOutcome> {
    const { url, apiKey, realm } = this.#options;
    const request = {
      username,
      title: "Login request",
      body: `A login as ${username} from ${address}, with the right password, waits for your answer.`,
      actions: [
        { icon: "approve", title: "Approve", callback: "approve" },
        { icon: "reject", title: "Reject", callback: "reject" },
      ],
      context: { service: "ldap", address, realm },
      ...(apiKey === undefined ? {} : { apikey: apiKey }),
    };
    try {
      return outcomeOf(await requestJson(url, request, { ...this.#options, maxAnswerBytes }));
    } catch (error) {
      return { type: "unavailable", reason: error instanceof Error ? error.message : String(error) };
    }
  }
}

/**
 * Only `approve` admits. 404 is how servers of this protocol say that the user has no device to be asked on; any other status
 * but 2xx means that nobody was asked.
 */
function outcomeOf({ status, body }: JsonAnswer): ApprovalOutcome {
  if (status === 404) return { type: "refused", reason: "the user has no device to be asked on" };
  if (status < 200 || status > 299) return { type: "unavailable", reason: `status ${status}` };
  const { success, action } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  if (success === true && action === "approve") return { type: "approved" };
  if (action === "reject") return { type: "refused", reason: "rejected" };
  if (action === "timeout") return { type: "refused", reason: "nobody answered" };
  return { type: "unavailable", reason: "an answer that is none of approve, reject and timeout" };
}
