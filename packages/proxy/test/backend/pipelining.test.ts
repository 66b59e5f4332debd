import { attribute } from "@espalier/ldap/client";
import { describe, expect, it } from "vitest";
import { bearsPipelining } from "../../src/backend/pipelining.ts";

describe("pipelining", () => {
  it.each(["389-Directory/2.3.1 B2025.016.1616", "Red Hat-Directory/11.5 B2022.100.1"])("is not for %s", (version) => {
    expect(bearsPipelining([attribute("vendorVersion", version)])).toBe(false);
    expect(bearsPipelining([attribute("objectClass", "top"), attribute("VendorVersion", version)])).toBe(false);
  });

  it("is for all others, and for servers that do not say what they are", () => {
    expect(bearsPipelining([])).toBe(true);
    expect(bearsPipelining([attribute("vendorName", "Example"), attribute("vendorVersion", "1.0")])).toBe(true);
    expect(bearsPipelining([attribute("vendorVersion", "Sun-Directory-Server/11.1")])).toBe(true);
  });
});
