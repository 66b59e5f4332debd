/** A request that needs a connection to a backend: chosen, waited for, and another one chosen where that is right. */
import type { Backend } from "../backend/backend.ts";
import type { Choice } from "../routing/router.ts";
import { UpstreamBindRefused, UpstreamBusy, UpstreamUnavailable } from "../upstream/upstream-error.ts";
import { ClientRequest } from "./client-request.ts";
import { AuthorizationLost } from "./identity/authorization-lost.ts";
import type { Carrier } from "./identity/client-authorization.ts";
import { Lease } from "./lease.ts";
import { type Refusal, Refusals } from "./refusal.ts";

/**
 * `placing` until it was sent; `sent`; `unheard` when its client does not want the answer any more and it goes on all the same;
 * `ended`.
 */
type Phase = "placing" | "sent" | "unheard" | "ended";

const nobody: ReadonlySet<Backend> = new Set();

export abstract class PlacedRequest extends ClientRequest {
  protected phase: Phase = "placing";
  #excluded: Set<Backend> | undefined;
  #lostOn: Backend | undefined;
  #waitingSinceMs = 0;
  #isWaiting = false;
  #hasWaitedInVain = false;

  /** The backend that it waits at for a connection. */
  get waitingAt(): Backend | undefined {
    return this.#isWaiting ? this.backend : undefined;
  }

  /** Where it could go. `undefined` when nobody is left. `isLastChance`: to be refused where that is nobody. */
  protected abstract choose(exclude: ReadonlySet<Backend>, isLastChance: boolean): Choice | undefined;
  /** A connection there. Throws or rejects as `ClientAuthorization.carrier`. */
  protected abstract connect(backend: Backend, deadlineMs: number): Carrier | Promise<Carrier>;
  /** Sends it. @throws {UpstreamUnavailable} and has then released what it was given. */
  protected abstract sendOn(carrier: Carrier): void;
  /** There is no connection for it. */
  protected abstract fail(refusal: Refusal): void;
  /** The client's authorization cannot go on: it has been disconnected. */
  protected abstract authorizationLost(error: AuthorizationLost): void;

  /** Goes on until it is sent, waits, or has ended. */
  protected place(): void {
    let failure: Refusal = this.#hasWaitedInVain ? Refusals.busy : Refusals.unavailable;
    while (this.phase === "placing") {
      const choice = this.#chooseAmongAll(failure);
      if (choice === undefined) {
        this.fail(failure);
        return;
      }
      this.backend = choice.backend;
      this.reason = choice.reason;
      try {
        const { queueTimeoutMs } = this.session.context.limits;
        const deadlineMs = performance.now() + (this.#hasWaitedInVain ? queueTimeoutMs / 2 : queueTimeoutMs);
        const carrier = this.connect(choice.backend, deadlineMs);
        if (carrier instanceof Promise) {
          this.#wait(choice.backend, carrier);
          return;
        }
        this.sendOn(carrier);
      } catch (error) {
        failure = this.#denied(choice.backend, error);
      }
    }
  }

  /** The connection it was sent on is lost: elsewhere now, or with nobody else there on a new connection to the same backend. */
  protected placeAgain(): void {
    const { backend } = this;
    if (backend !== undefined) this.exclude(backend);
    this.#lostOn = backend;
    this.phase = "placing";
    this.place();
  }

  protected exclude(backend: Backend): void {
    this.#excluded ??= new Set();
    this.#excluded.add(backend);
  }

  protected get excluded(): ReadonlySet<Backend> {
    return this.#excluded ?? nobody;
  }

  /** Others first, then where it was lost. Whom checks call down only where there was no connection to be had anywhere else. */
  #chooseAmongAll(failure: Refusal): Choice | undefined {
    const choice =
      this.choose(this.excluded, false) ?? (this.#takeLost() ? this.choose(this.excluded, false) : undefined);
    if (choice !== undefined || failure !== Refusals.unavailable) return choice;
    return this.choose(this.excluded, true);
  }

  #takeLost(): boolean {
    const lostOn = this.#lostOn;
    this.#lostOn = undefined;
    return lostOn !== undefined && this.#excluded?.delete(lostOn) === true;
  }

  #wait(backend: Backend, carrier: Promise<Carrier>): void {
    this.#waitingSinceMs = performance.now();
    this.#isWaiting = true;
    carrier
      .then(
        (carrier) => {
          this.#waited();
          this.#granted(carrier);
        },
        (error: unknown) => {
          this.#waited();
          this.#refused(backend, error);
        },
      )
      .catch((error: unknown) => this.#refused(backend, error))
      .then(() => {
        if (this.phase === "placing") this.place();
      });
  }

  #waited(): void {
    this.#isWaiting = false;
    this.queuedMs += performance.now() - this.#waitingSinceMs;
  }

  /** A backend that hangs looks busy at first: who has waited in vain looks at one more, but not at all of them in turn. */
  #refused(backend: Backend, error: unknown): void {
    if (this.phase !== "placing") return;
    const failure = this.#denied(backend, error);
    if (failure !== Refusals.busy) return;
    if (this.#hasWaitedInVain) this.fail(failure);
    this.#hasWaitedInVain = true;
  }

  /**
   * Nobody may want it any more. A shared connection that was waited for may have become somebody's own meanwhile, to be bound
   * as him: it is asked for anew, since nothing must ever run there.
   */
  #granted(carrier: Carrier): void {
    if (carrier instanceof Lease) {
      if (this.phase === "placing") this.sendOn(carrier);
      else carrier.release();
    } else if (this.phase === "placing" && !carrier.isExclusive) this.sendOn(carrier);
  }

  #denied(backend: Backend, error: unknown): Refusal {
    if (error instanceof UpstreamBusy) {
      this.exclude(backend);
      return Refusals.busy;
    }
    if (error instanceof UpstreamUnavailable || error instanceof UpstreamBindRefused) this.exclude(backend);
    else if (error instanceof AuthorizationLost) this.authorizationLost(error);
    else this.#reportBug(error);
    return Refusals.unavailable;
  }

  /** A fault of this program costs one operation and not all of them. */
  #reportBug(error: unknown): void {
    const { name, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
    this.session.context.events.emit({
      type: "proxy.internal-error",
      severity: "high",
      subject: name,
      source: "proxy",
      data: { message, stack },
    });
    this.fail(Refusals.internalError);
  }
}
