/** The rules about compose files (CMP). */
import type { Rule } from "../../engine/rule.ts";
import { cmp001 } from "./cmp001-privileged.ts";
import { cmp002 } from "./cmp002-capabilities.ts";
import { cmp003 } from "./cmp003-resource-limits.ts";
import { cmp004 } from "./cmp004-pids-limit.ts";
import { cmp005 } from "./cmp005-no-new-privileges.ts";
import { cmp006 } from "./cmp006-drop-capabilities.ts";
import { cmp007 } from "./cmp007-unconfined.ts";
import { cmp008 } from "./cmp008-read-only.ts";
import { cmp009 } from "./cmp009-docker-socket.ts";
import { cmp010 } from "./cmp010-socket-proxy.ts";
import { cmp011 } from "./cmp011-host-namespaces.ts";
import { cmp012 } from "./cmp012-host-paths.ts";
import { cmp013 } from "./cmp013-published-ports.ts";
import { cmp014 } from "./cmp014-image-tag.ts";
import { cmp015 } from "./cmp015-healthcheck.ts";
import { cmp016 } from "./cmp016-log-rotation.ts";
import { cmp017 } from "./cmp017-root-user.ts";
import { cmp018 } from "./cmp018-restart.ts";
import { cmp019 } from "./cmp019-database-network.ts";

export const composeRules: readonly Rule[] = [
  cmp001,
  cmp002,
  cmp003,
  cmp004,
  cmp005,
  cmp006,
  cmp007,
  cmp008,
  cmp009,
  cmp010,
  cmp011,
  cmp012,
  cmp013,
  cmp014,
  cmp015,
  cmp016,
  cmp017,
  cmp018,
  cmp019,
];
