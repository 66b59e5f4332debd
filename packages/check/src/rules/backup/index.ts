/** The rules about backups (BKP). */
import type { Rule } from "../../engine/rule.ts";
import { bkp001 } from "./bkp001-volume-in-no-backup.ts";
import { bkp002 } from "./bkp002-no-tried-restore.ts";
import { bkp003 } from "./bkp003-live-files-copied.ts";
import { bkp004 } from "./bkp004-backup-beside-data.ts";

export const backupRules: readonly Rule[] = [bkp001, bkp002, bkp003, bkp004];
