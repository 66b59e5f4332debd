/** A certificate authority whose files go with the test. */
import { type CertificateAuthority, createCertificateAuthority, temporaryDirectory } from "@espalier/tests/lab";
import { onTestFinished } from "vitest";

export async function testAuthority(): Promise<CertificateAuthority> {
  const directory = await temporaryDirectory("check-live");
  onTestFinished(() => directory[Symbol.asyncDispose]());
  return createCertificateAuthority(directory.path);
}
