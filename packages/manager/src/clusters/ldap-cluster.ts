/** A cluster over its nodes: which one is asked, when another one is, and what is never done twice. */
import { LdapError, ResultCode, type Schema } from "@espalier/ldap";
import type { ClusterConfig } from "@espalier/service";
import { ApiError } from "../api/problem.ts";
import { asApiError, ldapProblem } from "../api/problem-of-error.ts";
import type { Answered, Cluster, NodeStatus, PinnedConnection, ServerFacts, WorkOptions } from "./cluster.ts";
import { readFacts } from "./facts.ts";
import type { Identity } from "./identity.ts";
import type { Node } from "./node.ts";
import { NodeConnection } from "./node-connection.ts";
import { failureReason, isBusy, isLost, isSilent, isUnanswered } from "./node-failure.ts";
import type { LentConnection, Purpose } from "./node-pools.ts";
import { RecentWrites } from "./recent-writes.ts";
import { SchemaReader } from "./schema-reader.ts";

type Outcome = "ok" | "refused" | "lost" | "in_doubt";

/** A piece of work on a node that has ended. */
export interface FinishedWork {
  readonly node: string;
  readonly kind: Purpose;
  readonly outcome: Outcome;
  /** With the wait for a connection. */
  readonly seconds: number;
}

export interface LdapClusterOptions {
  readonly config: ClusterConfig;
  /** In the order of configuration. */
  readonly nodes: readonly Node[];
  readonly now: () => number;
  /** A node refused the bind of this identity: its secret is of no use any more. */
  readonly onRefused: (identityKey: string) => void;
  readonly onWork: (work: FinishedWork) => void;
}

/** Results of a bind that speak of the account, and not of the server. */
const accountRefusals: ReadonlySet<number> = new Set([
  ResultCode.invalidCredentials,
  ResultCode.inappropriateAuthentication,
  ResultCode.insufficientAccessRights,
  ResultCode.constraintViolation,
  ResultCode.unwillingToPerform,
  ResultCode.authorizationDenied,
]);

export class LdapCluster implements Cluster {
  readonly config: ClusterConfig;
  readonly #options: LdapClusterOptions;
  readonly #nodes: readonly Node[];
  readonly #recentWrites: RecentWrites<Node>;
  readonly #schema: SchemaReader;
  #turn = 0;

  constructor(options: LdapClusterOptions) {
    this.#options = options;
    this.config = options.config;
    this.#nodes = options.nodes;
    this.#recentWrites = new RecentWrites(options.now);
    this.#schema = new SchemaReader({
      now: options.now,
      read: async (identity, work) => (await this.read(identity, work)).value,
      subschemaSubentry: async (identity) => (await this.facts(identity)).subschemaSubentry,
    });
  }

  get name(): string {
    return this.config.name;
  }

  nodes(): readonly NodeStatus[] {
    return this.#nodes.map(({ status }) => status);
  }

  async baseDn(identity: Identity): Promise<string> {
    if (this.config.base_dn !== "") return this.config.base_dn;
    const [first] = (await this.facts(identity)).namingContexts;
    if (first !== undefined) return first;
    throw new ApiError("unavailable", `The servers of ${this.name} do not say what they hold: set its base_dn.`);
  }

  async facts(identity: Identity): Promise<ServerFacts> {
    const known = this.#readOrder(identity, {}).find(({ isUsable }) => isUsable)?.facts;
    if (known !== undefined) return known;
    const { value } = await this.read(identity, async (connection) => {
      const facts = await readFacts(connection);
      this.#node(connection.node).keepFacts(facts);
      return facts;
    });
    return value;
  }

  schema(identity: Identity): Promise<Schema> {
    return this.#schema.schema(identity);
  }

  async read<T>(
    identity: Identity,
    work: (connection: NodeConnection) => Promise<T>,
    options: WorkOptions = {},
  ): Promise<Answered<T>> {
    return this.#firstAnswer(this.#readOrder(identity, options), options, (node) =>
      this.#run(node, identity, "read", work, options),
    );
  }

  async write<T>(
    identity: Identity,
    work: (connection: NodeConnection) => Promise<T>,
    options: WorkOptions = {},
  ): Promise<Answered<T>> {
    if (this.config.readonly) throw new ApiError("read_only", `${this.name} is configured as read-only.`);
    return this.#firstAnswer(this.#writeOrder(identity, options), options, (node) =>
      this.#run(node, identity, "write", work, options),
    );
  }

  async pin(identity: Identity, options: WorkOptions = {}): Promise<PinnedConnection> {
    const { value } = await this.#firstAnswer(this.#readOrder(identity, options), options, async (node) => {
      const measure = this.#measure(node, "pin");
      try {
        const { client, release } = await this.#lend(node, identity, "pin", options);
        measure("ok");
        return { connection: new NodeConnection(node.name, client, identity.controls), release };
      } catch (error) {
        measure(error instanceof NodeUnusable ? "lost" : "refused");
        throw error;
      }
    });
    return value;
  }

  /** Reads: those who have written lately read where they wrote. */
  #readOrder(identity: Identity, { node }: WorkOptions): readonly Node[] {
    if (node !== undefined) return [this.#node(node)];
    const recent = this.#recentWrites.nodeOf(identity.dn);
    const order = this.config.read_order === "balanced" ? this.#inTurn() : this.#nodes.toReversed();
    return recent === undefined ? order : [recent, ...order.filter((each) => each !== recent)];
  }

  #inTurn(): readonly Node[] {
    this.#turn = (this.#turn + 1) % this.#nodes.length;
    return [...this.#nodes.slice(this.#turn), ...this.#nodes.slice(0, this.#turn)];
  }

  /** Writes: the first node; where every node takes them the one written to last, and the others should it be down. */
  #writeOrder(identity: Identity, { node }: WorkOptions): readonly Node[] {
    if (node !== undefined) return [this.#node(node)];
    if (!this.config.multi_master) return this.#nodes.slice(0, 1);
    const recent = this.#recentWrites.nodeOf(identity.dn);
    return recent === undefined ? this.#nodes : [recent, ...this.#nodes.filter((each) => each !== recent)];
  }

  #node(name: string): Node {
    const node = this.#nodes.find((each) => each.name === name);
    if (node === undefined) throw new ApiError("not_found", `${this.name} has no node of that name.`);
    return node;
  }

  /** Tries the nodes in their order, each once; those that are down last, after another look at them. */
  async #firstAnswer<T>(
    order: readonly Node[],
    { signal }: WorkOptions,
    attempt: (node: Node) => Promise<T>,
  ): Promise<Answered<T>> {
    const untried = new Set(order);
    const reasons: { node: string; reason: string }[] = [];
    for (let node = await nextOf(untried); node !== undefined; node = await nextOf(untried)) {
      signal?.throwIfAborted();
      untried.delete(node);
      try {
        return { value: await attempt(node), node: node.name };
      } catch (error) {
        if (!(error instanceof NodeUnusable)) throw error;
        reasons.push({ node: node.name, reason: error.message });
      }
    }
    for (const { name, health } of untried) reasons.push({ node: name, reason: health.reason ?? "It is down." });
    throw unavailable(this.name, reasons);
  }

  async #run<T>(
    node: Node,
    identity: Identity,
    kind: "read" | "write",
    work: (connection: NodeConnection) => Promise<T>,
    options: WorkOptions,
  ): Promise<T> {
    const measure = this.#measure(node, kind);
    let lent: LentConnection;
    try {
      lent = await this.#lend(node, identity, kind, options);
    } catch (error) {
      measure(error instanceof NodeUnusable ? "lost" : "refused");
      throw error;
    }
    const connection = new NodeConnection(node.name, lent.client, identity.controls);
    try {
      const value = await work(connection);
      measure("ok");
      return value;
    } catch (error) {
      if (isLost(error)) node.health.suspect();
      const failure = await this.#failureOf(error, node, connection, options);
      measure(outcomeOf(failure));
      throw failure;
    } finally {
      lent.release();
      if (connection.writesSent > 0) this.#recentWrites.noted(identity.dn, node);
    }
  }

  /** What work that failed is to fail with: NodeUnusable, if it may be begun anew on another node. */
  async #failureOf(
    error: unknown,
    node: Node,
    { writesSent }: NodeConnection,
    { signal }: WorkOptions,
  ): Promise<unknown> {
    const wasAborted = signal?.aborted === true && error === signal.reason;
    if (writesSent > 0 && (isUnanswered(error) || wasAborted)) return inDoubt(node.name, error);
    if (wasAborted) return error;
    const isGone =
      isLost(error) || (isBusy(error) && writesSent === 0) || (isSilent(error) && !(await node.health.checkNow()));
    return isGone ? new NodeUnusable(error) : asApiError(error, node.name);
  }

  /** @throws NodeUnusable; ApiError where the node refused the bind */
  async #lend(node: Node, identity: Identity, kind: Purpose, { signal }: WorkOptions): Promise<LentConnection> {
    try {
      return await node.pools.lend(identity, kind, signal);
    } catch (error) {
      if (signal?.aborted === true && error === signal.reason) throw error;
      if (isLost(error) || isSilent(error)) node.health.suspect();
      if (isUnanswered(error) || isBusy(error)) throw new NodeUnusable(error);
      throw this.#bindRefused(error, node, identity);
    }
  }

  #bindRefused(error: unknown, node: Node, identity: Identity): ApiError {
    if (!(error instanceof LdapError)) return asApiError(error, node.name);
    if (accountRefusals.has(error.resultCode)) this.#options.onRefused(identity.key);
    if (error.resultCode !== ResultCode.invalidCredentials) return asApiError(error, node.name);
    const title = `${node.name} does not accept your name and password any more: sign in to ${this.name} again.`;
    return new ApiError("wrong_credentials", title, { ldap: ldapProblem(error, node.name), cause: error });
  }

  /** Begins to count a piece of work; to be called with how it ended. */
  #measure({ name: node }: Node, kind: Purpose): (outcome: Outcome) => void {
    const startedAtMs = performance.now();
    return (outcome) =>
      this.#options.onWork({ node, kind, outcome, seconds: (performance.now() - startedAtMs) / 1_000 });
  }
}

/** The node cannot be used at the moment, and nothing has been done on it. */
class NodeUnusable extends Error {
  constructor(cause: unknown) {
    super(failureReason(cause), { cause });
  }
}

async function nextOf(untried: ReadonlySet<Node>): Promise<Node | undefined> {
  const nodes = [...untried];
  const usable = nodes.find(({ isUsable }) => isUsable);
  if (usable !== undefined) return usable;
  await Promise.all(nodes.map(({ health }) => health.checkNow()));
  return nodes.find(({ isUsable }) => isUsable);
}

function outcomeOf(failure: unknown): Outcome {
  if (failure instanceof NodeUnusable) return "lost";
  return failure instanceof ApiError && failure.code === "in_doubt" ? "in_doubt" : "refused";
}

function inDoubt(node: string, cause: unknown): ApiError {
  const title = `${node} had the change when its answer was lost: it may have been done. Look before you try again.`;
  return new ApiError("in_doubt", title, { details: { node }, cause });
}

function unavailable(cluster: string, nodes: readonly { node: string; reason: string }[]): ApiError {
  const reasons = nodes.map(({ node, reason }) => `${node}: ${reason}`).join(" ");
  return new ApiError("unavailable", `No server of ${cluster} can do this now. ${reasons}`, {
    retryAfter: 5,
    details: { nodes },
  });
}
