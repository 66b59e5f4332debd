/** Secrets that somebody who guesses tries first. */

/** What products ship with, what examples show, and what is tried first. In lower case. */
const wellKnown: ReadonlySet<string> = new Set([
  ...["admin", "administrator", "admin1", "admin123", "admin1234", "adminadmin", "adminpass", "adminpassword", "root"],
  ...["rootpass", "rootpassword", "rootroot", "toor", "password", "password1", "password12", "password123", "passw0rd"],
  ...[
    "p@ssw0rd",
    "p@ssword",
    "pass",
    "pass123",
    "pass1234",
    "passwd",
    "mypassword",
    "userpassword",
    "secret",
    "secret123",
  ],
  ...[
    "secretkey",
    "secret-key",
    "secret_key",
    "mysecret",
    "my-secret",
    "mysecretpassword",
    "my-secret-pw",
    "supersecret",
  ],
  ...[
    "supersecretpassword",
    "super-secret",
    "super_secret",
    "topsecret",
    "verysecret",
    "s3cret",
    "s3cr3t",
    "keepitsecret",
  ],
  ...[
    "test",
    "test123",
    "test1234",
    "testing",
    "testpass",
    "testpassword",
    "guest",
    "demo",
    "user",
    "default",
    "example",
  ],
  ...[
    "examplepass",
    "examplepassword",
    "letmein",
    "welcome",
    "welcome1",
    "qwerty",
    "qwerty123",
    "qwertyuiop",
    "iloveyou",
  ],
  ...["123456", "1234567", "12345678", "123456789", "1234567890", "111111", "000000", "abc123", "abcd1234", "dragon"],
  ...[
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "mongo",
    "mongodb",
    "redis",
    "rabbitmq",
    "elastic",
    "grafana",
    "ldap",
  ],
  ...["openldap", "ldapadmin", "ldappassword", "minio", "minioadmin", "minio123", "portainer", "keycloak", "nextcloud"],
  ...[
    "wordpress",
    "gitea",
    "jenkins",
    "oracle",
    "tomcat",
    "docker",
    "vagrant",
    "ubuntu",
    "raspberry",
    "alpine",
    "proxmox",
  ],
  ...[
    "sa",
    "dbpassword",
    "db_password",
    "dbpass",
    "insecure",
    "unsafe",
    "temp",
    "temporary",
    "temppass",
    "none",
    "empty",
  ],
  ...[
    "dirsrv",
    "directory",
    "samba",
    "changeit",
    "rootpw",
    "bind",
    "bindpassword",
    "bind-password",
    "service",
    "monitor",
  ],
]);

/** Text that stands where a secret is to be put. */
const placeholders =
  /^(?:(?:please[-_ ]?)?(?:change|replace)[-_ ]?(?:me|this|it)\b.*|change.?me\w*|your[-_ ].*|my[-_ ]secret.*|<.*>|\[.*\]|x{3,}|\*{3,}|\.{3,}|todo|tbd|fixme|(?:insert|put|enter|set|add)[-_ ].*|place[-_ ]?holder|dummy|sample|foo|bar|foobar|baz|a[-_ ](?:very[-_ ])?(?:long[-_ ])?(?:secret|password|random)[-_ ].*|(?:some|random)[-_ ]?(?:secret|password|string|key).*)$/i;

export type Weakness = "default" | "short" | "repetitive";

/** Why it is soon guessed; undefined where it is not obvious that it is. @param names what it must not be: user, service, variable. */
export function weaknessOf(value: string, names: readonly string[] = []): Weakness | undefined {
  const lower = value.trim().toLowerCase();
  if (wellKnown.has(lower) || placeholders.test(lower)) return "default";
  if (names.some((name) => name.toLowerCase() === lower)) return "default";
  if (value.length < minLength) return "short";
  if (new Set(lower).size <= 4 || isRun(lower)) return "repetitive";
  // Ten digits are tried in a moment; as many letters and digits are not.
  return /^\d+$/.test(value) && value.length < minDigits ? "short" : undefined;
}

/** Eight characters are what the least careful of rules ask for: below it there is no doubt. */
const minLength = 8;
const minDigits = 16;

/** `abcdefgh`, `87654321`: each character beside the one before. */
function isRun(text: string): boolean {
  const steps = new Set([...text].slice(1).map((character, index) => character.charCodeAt(0) - text.charCodeAt(index)));
  return steps.size === 1 && Math.abs([...steps][0]!) === 1;
}
