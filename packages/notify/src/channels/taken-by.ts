/** Which of several recipients have a delivery already, so that another attempt goes to the others only. */

/** Deliveries that are partly taken at one time; beyond it the oldest is forgotten, and its recipients may get it twice. */
const maxDeliveries = 1_000;

/** In memory: after a restart, or on another node, a recipient may get a delivery twice, with the same id. */
export class TakenBy<Recipient> {
  readonly #taken = new Map<string, Set<Recipient>>();

  /** Those of `recipients` that do not have it. */
  rest(deliveryId: string, recipients: readonly Recipient[]): readonly Recipient[] {
    const taken = this.#taken.get(deliveryId);
    return taken === undefined ? recipients : recipients.filter((recipient) => !taken.has(recipient));
  }

  add(deliveryId: string, recipients: readonly Recipient[]): void {
    if (recipients.length === 0) return;
    const taken = this.#taken.get(deliveryId) ?? new Set();
    this.#taken.set(deliveryId, taken);
    for (const recipient of recipients) taken.add(recipient);
    const [oldest] = this.#taken.keys();
    if (this.#taken.size > maxDeliveries && oldest !== undefined) this.#taken.delete(oldest);
  }

  /** There will be no other attempt. */
  forget(deliveryId: string): void {
    this.#taken.delete(deliveryId);
  }
}
