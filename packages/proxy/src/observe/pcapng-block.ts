/** The three blocks of a capture file that are needed here, little-endian. draft-ietf-opsawg-pcapng §4.1 to §4.3. */

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;

const ETHERNET = 1;

const OPT_COMMENT = 1;
const SHB_USERAPPL = 4;
const IF_NAME = 2;

/** What the file begins with: one section with one interface. */
export function fileHeader(application: string, interfaceName: string): Uint8Array {
  const section = block(SECTION_HEADER, 16, [[SHB_USERAPPL, application]], (view, at) => {
    view.setUint32(at, 0x1a2b3c4d, true);
    view.setUint16(at + 4, 1, true);
    view.setUint16(at + 6, 0, true);
    // The length of the section is not known: -1.
    view.setBigInt64(at + 8, -1n, true);
  });
  const description = block(INTERFACE_DESCRIPTION, 8, [[IF_NAME, interfaceName]], (view, at) => {
    view.setUint16(at, ETHERNET, true);
  });
  return Buffer.concat([section, description]);
}

/** One packet of the one interface. `timeMs`: milliseconds since 1970. */
export function packetBlock(packet: Uint8Array, timeMs: number, comment?: string): Uint8Array {
  const options: Option[] = comment === undefined ? [] : [[OPT_COMMENT, comment]];
  return block(ENHANCED_PACKET, 20 + padded(packet.length), options, (view, at) => {
    const timeUs = BigInt(Math.round(timeMs * 1000));
    view.setUint32(at + 4, Number(timeUs >> 32n), true);
    view.setUint32(at + 8, Number(timeUs & 0xffffffffn), true);
    view.setUint32(at + 12, packet.length, true);
    view.setUint32(at + 16, packet.length, true);
    new Uint8Array(view.buffer).set(packet, at + 20);
  });
}

type Option = readonly [code: number, text: string];

function block(
  type: number,
  bodyBytes: number,
  options: readonly Option[],
  writeBody: (view: DataView, at: number) => void,
): Uint8Array {
  const encoded = options.map(([code, text]) => [code, Buffer.from(text)] as const);
  // The options end with one of code 0 and length 0.
  const optionBytes = encoded.length === 0 ? 0 : encoded.reduce((sum, [, { length }]) => sum + 4 + padded(length), 4);
  const bytes = new Uint8Array(12 + bodyBytes + optionBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, bytes.length, true);
  writeBody(view, 8);
  let at = 8 + bodyBytes;
  for (const [code, text] of encoded) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, text.length, true);
    bytes.set(text, at + 4);
    at += 4 + padded(text.length);
  }
  view.setUint32(bytes.length - 4, bytes.length, true);
  return bytes;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
