/** The rules about the machine (HST). */
import type { Rule } from "../../engine/rule.ts";
import { hst001 } from "./hst001-machine.ts";
import { hst002 } from "./hst002-disk.ts";
import { hst003 } from "./hst003-clock.ts";
import { hst004 } from "./hst004-queue.ts";

export const hostRules: readonly Rule[] = [hst001, hst002, hst003, hst004];
