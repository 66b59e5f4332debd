/** Where lines go: a file descriptor, written to in batches and off the event loop, so that a slow reader stalls nobody. */
import { fstatSync, write, writeSync } from "node:fs";

/** Lines wait at most this long for others to be written with. */
const batchTimeMs = 20;
/** As many bytes start a write at once, and are the most that one write takes. */
const blockBytes = 65_536;
/**
 * PIPE_BUF of Linux: up to here a write to a pipe is atomic (pipe(7)), so that the lines of several processes on one
 * standard output do not mix. Kept to while less than a block waits; with more, one small write a turn of the event loop
 * could not keep up, and a line can be torn if the pipe is also full.
 */
const atomicBytes = 4096;
/** What may wait for a reader that does not read; lines past it are dropped and counted. */
const maxWaitingBytes = 16 * 1024 * 1024;
const retryTimeMs = 10;
const lineEnd = 0x0a;

export interface LineDestination {
  /** Takes one line with its line end. */
  write(line: string): void;
  /** Writes out what waits, now. A batch already on its way may come after it; nothing is lost. */
  flush(): void;
}

/** `onDropped` is told how many lines were lost, once all that waited is written. */
export function fileDescriptorDestination(fd: number, onDropped: (lines: number) => void): LineDestination {
  const isFile = fstatSync(fd).isFile();
  let waiting = new LineQueue();
  let dropped = 0;
  let isWriting = false;
  let timer: NodeJS.Timeout | undefined;

  const writeNext = (): void => {
    const isShort = waiting.bytes < blockBytes;
    const bytes = waiting.take(isFile || !isShort ? blockBytes : atomicBytes);
    isWriting = bytes !== undefined;
    if (bytes !== undefined) writeOut(bytes);
    else if (dropped > 0) {
      const lines = dropped;
      dropped = 0;
      onDropped(lines);
    }
  };

  const writeOut = (bytes: Buffer): void => {
    write(fd, bytes, (error, written) => {
      if (error?.code === "EAGAIN") setTimeout(writeOut, retryTimeMs, bytes);
      else if (error === null && written < bytes.length) writeOut(bytes.subarray(written));
      // Any other error (a closed pipe, a full disk) loses the batch: there is nobody to tell.
      else writeNext();
    });
  };

  const start = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (!isWriting) writeNext();
  };

  return {
    write(line) {
      if (waiting.bytes > maxWaitingBytes) {
        dropped += 1;
        return;
      }
      waiting.add(line);
      if (isWriting) return;
      if (waiting.bytes >= blockBytes) start();
      else timer ??= setTimeout(start, batchTimeMs).unref();
    },
    flush() {
      const rest = waiting;
      waiting = new LineQueue();
      for (let bytes = rest.take(blockBytes); bytes !== undefined; bytes = rest.take(blockBytes)) {
        if (!writeSyncWithin(fd, bytes)) return;
      }
    },
  };
}

/** Lines as bytes, first in, first out, taken in batches of whole lines. */
class LineQueue {
  /** Each holds bytes from its start (the first: from `#start`) to its end. */
  #blocks: { readonly bytes: Buffer; end: number }[] = [];
  #start = 0;
  bytes = 0;

  add(line: string): void {
    let block = this.#blocks.at(-1);
    // A UTF-16 unit becomes three bytes at most, so the exact length is needed only near the end of a block.
    const room = block === undefined ? 0 : block.bytes.length - block.end;
    if (block === undefined || (line.length * 3 > room && Buffer.byteLength(line) > room)) {
      block = { bytes: Buffer.allocUnsafeSlow(Math.max(blockBytes, line.length * 3)), end: 0 };
      this.#blocks.push(block);
    }
    const written = block.bytes.write(line, block.end);
    block.end += written;
    this.bytes += written;
  }

  /** The first lines, as many as `maxBytes` holds but one at least; they are not the queue's any more. */
  take(maxBytes: number): Buffer | undefined {
    this.#skipEmptyBlock();
    const [block] = this.#blocks;
    if (block === undefined || this.bytes === 0) return undefined;
    const { bytes } = block;
    const start = this.#start;
    let end = block.end;
    if (end - start > maxBytes) {
      const lastWhole = bytes.lastIndexOf(lineEnd, start + maxBytes - 1);
      end = (lastWhole >= start ? lastWhole : bytes.indexOf(lineEnd, start)) + 1;
    }
    this.#start = end;
    this.bytes -= end - start;
    return bytes.subarray(start, end);
  }

  #skipEmptyBlock(): void {
    if (this.#blocks.length < 2 || this.#start < this.#blocks[0]!.end) return;
    this.#blocks.shift();
    this.#start = 0;
  }
}

/** A reader that takes nothing for this long has lost the rest. */
const flushTimeoutMs = 1_000;

function writeSyncWithin(fd: number, bytes: Buffer): boolean {
  const deadline = performance.now() + flushTimeoutMs;
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      const isFull = (error as NodeJS.ErrnoException).code === "EAGAIN";
      if (!isFull || performance.now() > deadline) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryTimeMs);
    }
  }
  return true;
}
