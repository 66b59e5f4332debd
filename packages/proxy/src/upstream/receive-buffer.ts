/** The one buffer into which TLS connections to backends receive: their chunks are valid until the "data" handlers return. */
import type { OnReadOpts, Socket } from "node:net";

/** A TLS record holds at most 16 KiB. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * For the option `onread` of a socket. A server sends a TLS record for each entry: as a stream would have it, each of them costs
 * a buffer, a push and a tick. `socketOf`: the socket itself, which is there as soon as something is received.
 */
export function receivesInPlace(socketOf: () => Socket): OnReadOpts {
  return {
    buffer,
    callback: (count) => {
      const socket = socketOf();
      const chunk = buffer.subarray(0, count);
      // Nobody listens yet: the stream keeps it, until somebody does.
      if (!socket.emit("data", chunk)) socket.push(Buffer.from(chunk));
      return true;
    },
  };
}
