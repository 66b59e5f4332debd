/** Every format that is read, but for compose files, which are read together. A file may be of several. */

import { alertmanagerFormat } from "./alertmanager.ts";
import { autheliaFormat } from "./authelia.ts";
import { caddyFormat } from "./caddy.ts";
import { dockerDaemonFormat } from "./docker-daemon.ts";
import { dockerStatsFormat } from "./docker-stats.ts";
import { dockerignoreFormat } from "./dockerignore.ts";
import { dotenvFormat } from "./dotenv.ts";
import { espalierFormat } from "./espalier.ts";
import type { Format } from "./format.ts";
import { grafanaDashboardFormat } from "./grafana.ts";
import { knownHostsFormat } from "./known-hosts.ts";
import { knownHostsPinsFormat } from "./known-hosts-pins.ts";
import { ldapConfFormat } from "./ldap-conf.ts";
import { ldifFormat } from "./ldif.ts";
import { ldapSchemaFormat } from "./ldif-schema.ts";
import { nginxFormat } from "./nginx.ts";
import { nslcdFormat } from "./nslcd.ts";
import { pemFormat } from "./pem.ts";
import { prometheusFormat, prometheusRulesFormat } from "./prometheus.ts";
import { proxmoxDomainsFormat } from "./proxmox-domains.ts";
import { shellFormat } from "./shell.ts";
import { sqlFormat } from "./sql.ts";
import { sshConfigFormat } from "./ssh-config.ts";
import { sshKeysFormat } from "./ssh-keys.ts";
import { sssdFormat } from "./sssd.ts";
import { stunnelFormat } from "./stunnel.ts";
import { templateFormat } from "./template.ts";
import { traefikFormat } from "./traefik.ts";

export const formats: readonly Format[] = [
  dockerDaemonFormat,
  dockerStatsFormat,
  dotenvFormat,
  alertmanagerFormat,
  caddyFormat,
  grafanaDashboardFormat,
  nginxFormat,
  pemFormat,
  prometheusFormat,
  prometheusRulesFormat,
  stunnelFormat,
  traefikFormat,
  autheliaFormat,
  espalierFormat,
  ldapConfFormat,
  nslcdFormat,
  proxmoxDomainsFormat,
  sssdFormat,
  dockerignoreFormat,
  knownHostsFormat,
  knownHostsPinsFormat,
  shellFormat,
  sqlFormat,
  sshConfigFormat,
  sshKeysFormat,
  templateFormat,
  ldifFormat,
  ldapSchemaFormat,
];
