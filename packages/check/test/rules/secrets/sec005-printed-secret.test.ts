import { expect, it } from "vitest";
import { sec005 } from "../../../src/rules/secrets/sec005-printed-secret.ts";
import { findingsOf, linesOf } from "../../project.ts";

it("finds what prints a secret, by its name or by what it was filled from", () => {
  const findings = findingsOf(sec005, {
    "setup.sh": `#!/bin/bash
echo "Password: \${ADMIN_PASSWORD:-not set}"
printf 'token=%s\\n' "$API_TOKEN" >&2
pw=$(cat /run/secrets/db)
log_info "using $pw"
cat <<END
secret: $CLIENT_SECRET
END
show() { echo "$DB_PASSWORD"; }
show
echo "$DB_PASSWORD" | tee /tmp/password
`,
  });
  expect(linesOf(findings)).toEqual([
    "high setup.sh:2:17 ADMIN_PASSWORD: setup.sh prints ADMIN_PASSWORD",
    "high setup.sh:3:22 API_TOKEN: setup.sh prints API_TOKEN",
    "high setup.sh:5:17 pw: setup.sh prints pw",
    "high setup.sh:7:9 CLIENT_SECRET: setup.sh prints CLIENT_SECRET",
    "high setup.sh:9:16 DB_PASSWORD: setup.sh prints DB_PASSWORD",
    "high setup.sh:11:7 DB_PASSWORD: setup.sh prints DB_PASSWORD",
  ]);
  expect(findings[0]).toMatchObject({
    subject: "setup.sh",
    edits: [],
    fix: `Print only whether it is set:
if [ -n "\${ADMIN_PASSWORD:-}" ]; then echo "ADMIN_PASSWORD is set"; else echo "ADMIN_PASSWORD is not set"; fi`,
  });
});

it("finds commands that set -x prints with their secrets, once for each stretch", () => {
  const findings = findingsOf(sec005, {
    "a.sh": `#!/bin/sh
set -eux
export DB_PASSWORD="$(cat /run/secrets/db)"
curl -K - <<< "$DB_PASSWORD"
set +x
login "$DB_PASSWORD"
set -o xtrace
login "$API_TOKEN"
`,
    "b.sh": '#!/bin/bash -ex\nlogin "$API_TOKEN"\n',
  });
  expect(linesOf(findings)).toEqual([
    "high a.sh:8:8 API_TOKEN: a.sh runs under set -x, which prints API_TOKEN",
    "high b.sh:2:8 API_TOKEN: b.sh runs under set -x, which prints API_TOKEN",
  ]);
  expect(findings[0]?.fix).toBe(
    "Switch it off around the lines that use API_TOKEN:\n{ set +x; } 2>/dev/null\n…\nset -x",
  );
});

it("finds what a service prints into its log when it starts", () => {
  const findings = findingsOf(sec005, {
    "compose.yaml": `services:
  alertmanager:
    image: prom/alertmanager:v0.27.0
    entrypoint: ["/bin/sh", "-c"]
    command:
      - |
        echo "ntfy password is $$NTFY_PASSWORD"
        exec /bin/alertmanager
`,
  });
  expect(linesOf(findings)).toEqual([
    "high compose.yaml:6:9 services.alertmanager.command[0]: alertmanager prints NTFY_PASSWORD into its log when it starts",
  ]);
  expect(findings[0]?.fix).toContain('if [ -n "$${NTFY_PASSWORD:-}" ]');
});

it("has nothing against telling whether it is set, and handing it to a file or a program", () => {
  const findings = findingsOf(sec005, {
    "setup.sh": `#!/bin/sh
echo "password is \${ADMIN_PASSWORD:+set}, \${#ADMIN_PASSWORD} characters, \${ADMIN_PASSWORD//?/*}"
echo "$API_TOKEN" | docker login --password-stdin
printf '%s' "$DB_PASSWORD" > /run/db
{ echo "user = app:$DB_PASSWORD"; } > ~/.curlrc
hash=$(echo "$DB_PASSWORD" | sha256sum)
encode() { printf '%s' "$1$DB_PASSWORD"; }
value=$(encode x)
encode y > file
[ -n "$DB_PASSWORD" ] || exit 1
: "\${DB_PASSWORD:?is needed}"
echo "read from $DB_PASSWORD_FILE"
cat <<END > config
password: $DB_PASSWORD
END
printf -v line 'x %s' "$DB_PASSWORD"
`,
  });
  expect(findings).toEqual([]);
});
