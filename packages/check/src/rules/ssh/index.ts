/** The rules about SSH (SSH). */
import type { Rule } from "../../engine/rule.ts";
import { ssh001 } from "./ssh001-unpinned-host-key.ts";
import { ssh002 } from "./ssh002-pins.ts";
import { ssh003 } from "./ssh003-weak-ssh.ts";

export const sshRules: readonly Rule[] = [ssh001, ssh002, ssh003];
