/** IPv4-mapped IPv6 (RFC 4291 §2.5.5.2) as the IPv4 address it stands for; other addresses as they are. */
export function unmappedAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
}
