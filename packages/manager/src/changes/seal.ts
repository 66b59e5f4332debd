/** Encryption with the manager's own key, for what is kept and must not be read in a copy of the store. */

export interface Seal {
  /** @param context what the bytes belong to; they open with the same only */
  seal(bytes: Uint8Array, context: string): Uint8Array;
  /** @throws where the bytes were changed, belong to something else, or were sealed with another key */
  open(sealed: Uint8Array, context: string): Uint8Array;
}
