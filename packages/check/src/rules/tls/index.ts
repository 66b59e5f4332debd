/** The rules about TLS (TLS). */
import type { Rule } from "../../engine/rule.ts";
import { tls001 } from "./tls001-minimum-version.ts";
import { tls002 } from "./tls002-cipher-suites.ts";
import { tls003 } from "./tls003-expiry.ts";
import { tls004 } from "./tls004-certificate.ts";
import { tls005 } from "./tls005-groups-and-names.ts";

export const tlsRules: readonly Rule[] = [tls001, tls002, tls003, tls004, tls005];
