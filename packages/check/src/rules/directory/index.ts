/** The rules about directories and their clients (LDP). */
import type { Rule } from "../../engine/rule.ts";
import { ldp001 } from "./ldp001-password-scheme.ts";
import { ldp002 } from "./ldp002-deployed-hash.ts";
import { ldp003 } from "./ldp003-ldif.ts";
import { ldp004 } from "./ldp004-clear-text.ts";
import { ldp005 } from "./ldp005-anonymous-search.ts";
import { ldp006 } from "./ldp006-bind-as-administrator.ts";
import { ldp007 } from "./ldp007-one-server.ts";
import { ldp008 } from "./ldp008-unchecked-certificate.ts";
import { ldp009 } from "./ldp009-bind-timeout.ts";
import { ldp010 } from "./ldp010-sql.ts";
import { ldp011 } from "./ldp011-node-unreachable.ts";
import { ldp012 } from "./ldp012-replication-lag.ts";
import { ldp013 } from "./ldp013-bind-refused.ts";

export const directoryRules: readonly Rule[] = [
  ldp001,
  ldp002,
  ldp003,
  ldp004,
  ldp005,
  ldp006,
  ldp007,
  ldp008,
  ldp009,
  ldp010,
  ldp011,
  ldp012,
  ldp013,
];
