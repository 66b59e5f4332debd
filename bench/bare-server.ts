/**
 * The least a server on this runtime can do: it looks for nothing, and answers every request with the same bytes. What it
 * reaches under a load is what any code on this machine could reach with one thread of Node and its sockets.
 */
import { createServer, type Socket } from "node:net";
import { encodeProtocolOp, OpTag, type ProtocolOp, ResultCode } from "@espalier/ldap";

const result = { resultCode: ResultCode.success, matchedDn: "", diagnosticMessage: "" };
const text = (value: string) => new TextEncoder().encode(value);
const attributes = [
  ...["objectClass", "uid", "cn", "sn", "givenName", "mail", "uidNumber", "gidNumber"],
  ...["homeDirectory", "loginShell", "gecos"],
];
const answers: ReadonlyMap<number, readonly Uint8Array[]> = new Map(
  Object.entries({
    [OpTag.bindRequest]: [{ type: "bindResponse", ...result, referral: [], serverSaslCreds: undefined }],
    [OpTag.searchRequest]: [
      {
        type: "searchResultEntry",
        objectName: "uid=user1234,dc=example,dc=com",
        attributes: attributes.map((type) => ({ type, values: [text("a value of 20 octets")] })),
      },
      { type: "searchResultDone", ...result, referral: [] },
    ],
  } satisfies Record<number, readonly ProtocolOp[]>).map(([tag, ops]) => [
    Number(tag),
    ops.map((op) => encodeProtocolOp(op as ProtocolOp)),
  ]),
);

/** Messages of the load generator are whole in a chunk, with lengths of one octet or two. */
function answer(socket: Socket, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; ) {
    const isLong = chunk[at + 1]! > 0x7f;
    const idAt = at + (isLong ? 2 + (chunk[at + 1]! & 0x7f) : 2);
    let length = isLong ? 0 : chunk[at + 1]!;
    for (let octet = at + 2; octet < idAt; octet += 1) length = length * 256 + chunk[octet]!;
    const idEnd = idAt + 2 + chunk[idAt + 1]!;
    const id = chunk.subarray(idAt, idEnd);
    if (chunk[idEnd] === OpTag.unbindRequest) {
      socket.end();
      return;
    }
    socket.write(
      Buffer.concat((answers.get(chunk[idEnd]!) ?? []).flatMap((op) => [header(id.length + op.length), id, op])),
    );
    at = idAt + length;
  }
}

function header(length: number): Uint8Array {
  return length < 0x80
    ? Uint8Array.of(0x30, length)
    : length < 0x100
      ? Uint8Array.of(0x30, 0x81, length)
      : Uint8Array.of(0x30, 0x82, length >> 8, length & 0xff);
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => answer(socket, chunk));
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify(server.address())));
