/** Files on their way in: how large, how many, and one at a time of each person. */
import type { Readable } from "node:stream";
import { ApiError } from "../api/problem.ts";
import { Spool } from "./spool.ts";

const mebibyte = 1024 * 1024;
const maxUploads = 8;

export class Uploads {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #underWay = new Set<string>();

  constructor(directory: string, maxBytes = 256 * mebibyte) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
  }

  /**
   * @param key whose it is
   * @throws ApiError `too_large`, `too_many_requests`
   */
  async take(key: string, body: Readable, contentLength: string | readonly string[] | undefined): Promise<Spool> {
    if (Number(contentLength ?? 0) > this.#maxBytes) throw this.#tooLarge();
    if (this.#underWay.has(key) || this.#underWay.size >= maxUploads) {
      throw new ApiError("too_many_requests", "Wait until the other file has been sent.", { retryAfter: 10 });
    }
    this.#underWay.add(key);
    try {
      return await this.#spool(body);
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #spool(body: Readable): Promise<Spool> {
    const spool = await Spool.create(this.#directory);
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        if (spool.bytes + chunk.length > this.#maxBytes) throw this.#tooLarge();
        await spool.append(chunk);
      }
      return spool;
    } catch (error) {
      await spool[Symbol.asyncDispose]();
      throw error;
    }
  }

  #tooLarge(): ApiError {
    const size = `${Math.round(this.#maxBytes / mebibyte)} MiB`;
    return new ApiError("too_large", `The file is larger than ${size}: send it in parts.`);
  }
}
