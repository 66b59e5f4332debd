/** A PROXY header out of the first chunks of a connection. */
import { maxProxyHeaderBytes, type ProxyHeader, ProxyHeaderError, parseProxyHeader } from "./proxy-header.ts";

const nothing = new Uint8Array();

export class ProxyHeaderReader {
  #bytes: Uint8Array = nothing;

  /**
   * The header once it is complete; `rest` is then what came behind it.
   *
   * @throws ProxyHeaderError as `parseProxyHeader`.
   */
  read(chunk: Uint8Array): ProxyHeader | undefined {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const header = parseProxyHeader(this.#bytes);
    if (header !== undefined) this.#bytes = this.#bytes.subarray(header.length);
    else if (this.#bytes.length >= maxProxyHeaderBytes) throw new ProxyHeaderError("the PROXY header does not end");
    return header;
  }

  /** What came behind the header. */
  get rest(): Uint8Array {
    return this.#bytes;
  }
}
