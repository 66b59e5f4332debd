import { expect, it } from "vitest";
import { sec006 } from "../../../src/rules/secrets/sec006-argument-secret.ts";
import { findingsOf, linesOf } from "../../project.ts";

it("finds passwords among the arguments of programs, also behind others that run them", () => {
  const findings = findingsOf(sec006, {
    "backup.sh": `#!/bin/bash
mysqldump -u root -p"$MYSQL_ROOT_PASSWORD" app > app.sql
ldapsearch -x -D cn=admin -w "$LDAP_PW" -b dc=example,dc=com
sudo -u www curl -s -u "admin:$ADMIN_PASSWORD" https://localhost/
sshpass -p hunter22 ssh host true
docker login -u bot -p "$REGISTRY_TOKEN" registry.example.com
docker exec db mysql -pgeheim42 -e 'show tables'
docker run -e DB_PASSWORD="$DB_PASSWORD" app
sed -i "s/@PW@/$DB_PASSWORD/" app.conf
/usr/bin/openssl enc -aes256 -pass "pass:$KEY_PASSPHRASE" -in a -out b
ssh host "mysql -pgeheim42"
bash -c 'redis-cli -a geheim42 ping'
`,
  });
  expect(linesOf(findings)).toEqual([
    "medium backup.sh:2:19 mysqldump MYSQL_ROOT_PASSWORD: backup.sh gives mysqldump MYSQL_ROOT_PASSWORD as an argument (-p), which the process list shows",
    "medium backup.sh:3:30 ldapsearch LDAP_PW: backup.sh gives ldapsearch LDAP_PW as an argument (-w), which the process list shows",
    "medium backup.sh:4:24 curl ADMIN_PASSWORD: backup.sh gives curl ADMIN_PASSWORD as an argument (-u), which the process list shows",
    "medium backup.sh:5:12 sshpass -p: backup.sh gives sshpass a password as an argument (-p), which the process list shows",
    "medium backup.sh:6:24 docker REGISTRY_TOKEN: backup.sh gives docker REGISTRY_TOKEN as an argument (-p), which the process list shows",
    "medium backup.sh:7:22 mysql -p: backup.sh gives mysql a password as an argument (-p), which the process list shows",
    "medium backup.sh:8:15 docker DB_PASSWORD: backup.sh gives docker DB_PASSWORD as an argument (DB_PASSWORD), which the process list shows",
    "medium backup.sh:9:8 sed DB_PASSWORD: backup.sh gives sed DB_PASSWORD as an argument ($DB_PASSWORD), which the process list shows",
    "medium backup.sh:10:36 openssl KEY_PASSPHRASE: backup.sh gives openssl KEY_PASSPHRASE as an argument (pass:), which the process list shows",
    "medium backup.sh:12:9 redis-cli -a: backup.sh gives redis-cli a password as an argument (-a), which the process list shows",
  ]);
  expect(findings[1]).toMatchObject({
    subject: "backup.sh",
    edits: [],
    fix: `Put the password alone into a file with mode 0600, without a newline at its end, and write -y FILE in place of -w.
On the server's own machine no password is needed: -Q -Y EXTERNAL -H ldapi:///`,
  });
  expect(JSON.stringify(findings)).not.toMatch(/hunter22|geheim42/);
});

it("finds them in what a service runs", () => {
  const findings = findingsOf(sec006, {
    "compose.yaml": `services:
  redis:
    image: redis:7
    command: redis-server --requirepass \${REDIS_PASSWORD}
  app:
    image: app:1
    command: ["app", "--db", "\${DB_PASSWORD}"]
`,
    ".env": "REDIS_PASSWORD=kJ8sdf72hGsk2\nDB_PASSWORD=Zk2hGsk2kJ8sd\n",
  });
  expect(linesOf(findings)).toEqual([
    "medium compose.yaml:4:14 services.redis.command: redis gives redis-server REDIS_PASSWORD as an argument, which docker inspect and the process list show",
    "medium compose.yaml:7:30 services.app.command[2]: app gives app DB_PASSWORD as an argument, which docker inspect and the process list show",
  ]);
});

it("has nothing against files, standard input, prompts, the shell's own commands and functions of the script", () => {
  const findings = findingsOf(sec006, {
    "backup.sh": `#!/bin/bash
mysqldump --defaults-extra-file=/root/.my.cnf -u root -P 3306 app
mysql -u root -p
ldapsearch -y /run/secrets/ldap -D cn=admin -x
PGPASSWORD="$DB_PASSWORD" psql -w -U app
echo "$REGISTRY_TOKEN" | docker login --username bot --password-stdin
docker run --name mongo -p 27017:27017 mongo:7
curl -u admin https://localhost/
curl -XPUT https://user@host/ -o /dev/null -H "Authorization-Method: none"
sshpass -f /root/pw ssh host
[ "$DB_PASSWORD" = "$OTHER_PASSWORD" ] && echo same
check() { [ -n "$1" ]; }
check "$DB_PASSWORD"
sed "s/x/\${DB_PASSWORD:+set}/" file
export DB_PASSWORD="$OTHER_PASSWORD"
openssl passwd -6 -in file
grep -- --password=... manual.txt
`,
  });
  expect(linesOf(findings)).toEqual([]);
});
