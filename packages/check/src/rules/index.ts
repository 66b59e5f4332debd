/** Every rule, in the order of their ids. */
import type { Rule } from "../engine/rule.ts";
import { autheliaRules } from "./authelia/index.ts";
import { backupRules } from "./backup/index.ts";
import { composeRules } from "./compose/index.ts";
import { directoryRules } from "./directory/index.ts";
import { filesRules } from "./files/index.ts";
import { hostRules } from "./host/index.ts";
import { observabilityRules } from "./observability/index.ts";
import { secretsRules } from "./secrets/index.ts";
import { sshRules } from "./ssh/index.ts";
import { suppressionRules } from "./suppressions/index.ts";
import { templatesRules } from "./templates/index.ts";
import { tlsRules } from "./tls/index.ts";
import { webRules } from "./web/index.ts";

export const rules: readonly Rule[] = [
  ...autheliaRules,
  ...backupRules,
  ...composeRules,
  ...filesRules,
  ...hostRules,
  ...directoryRules,
  ...observabilityRules,
  ...secretsRules,
  ...sshRules,
  ...suppressionRules,
  ...tlsRules,
  ...templatesRules,
  ...webRules,
].sort((left, right) => (left.id < right.id ? -1 : 1));
