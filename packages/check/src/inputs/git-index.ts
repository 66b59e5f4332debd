/** Git's index, as far as it says which files are tracked. gitformat-index(5), versions 2 to 4. */

/** The paths in the index, relative to the top of the work tree, in their order. @throws {RangeError} for anything else. */
export function parseGitIndex(bytes: Buffer): readonly string[] {
  if (bytes.toString("latin1", 0, 4) !== "DIRC") throw new RangeError("this is no index of Git");
  const version = bytes.readUInt32BE(4);
  if (version < 2 || version > 4) throw new RangeError(`Git's index has version ${version}: 2 to 4 are known`);
  const count = bytes.readUInt32BE(8);
  const paths: string[] = [];
  let previous = Buffer.alloc(0);
  let at = headerBytes;
  for (let i = 0; i < count; i += 1) {
    const start = at;
    const flags = bytes.readUInt16BE(start + fixedBytes - 2);
    at = start + fixedBytes + (version > 2 && (flags & extendedFlag) !== 0 ? 2 : 0);
    let kept = previous.subarray(0, 0);
    if (version === 4) {
      const [removed, next] = readOffset(bytes, at);
      if (removed > previous.length) throw new RangeError("Git's index is damaged");
      kept = previous.subarray(0, previous.length - removed);
      at = next;
    }
    const end = bytes.indexOf(0, at);
    if (end < 0) throw new RangeError("Git's index is cut off");
    previous = Buffer.concat([kept, bytes.subarray(at, end)]);
    paths.push(previous.toString("utf8"));
    // Up to version 3 an entry is filled up with 1 to 8 zeros to a multiple of 8 bytes.
    at = version === 4 ? end + 1 : start + Math.floor((end - start + 8) / 8) * 8;
  }
  return paths;
}

const headerBytes = 12;
/** Times, device, inode, mode, owner, size, SHA-1 and flags. */
const fixedBytes = 62;
const extendedFlag = 0x4000;

/** The variable-length number of version 4, as in pack files for offsets. */
function readOffset(bytes: Buffer, start: number): readonly [number, number] {
  let at = start;
  let byte = bytes.readUInt8(at++);
  let value = byte & 0x7f;
  while ((byte & 0x80) !== 0) {
    byte = bytes.readUInt8(at++);
    value = (value + 1) * 128 + (byte & 0x7f);
    if (value > bytes.length) throw new RangeError("Git's index is damaged");
  }
  return [value, at];
}
