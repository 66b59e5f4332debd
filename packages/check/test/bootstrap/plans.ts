/** Plans of directories with their passwords in files, made into LDIF as the command does it. */
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { PasswordVerifier } from "../../../gateway/src/password/verifier.ts";
import { type Bootstrap, bootstrap } from "../../src/bootstrap/bootstrap.ts";
import { type LiveDirectory, readDeployedFile } from "../../src/bootstrap/deployed.ts";
import { readPlan } from "../../src/bootstrap/plan.ts";
import { folderOf } from "../project.ts";

export const passwords = {
  "cn=admin,dc=example,dc=com": "admin: päss",
  "cn=gitea,ou=services,dc=example,dc=com": "gitea-secret",
  "uid=ann,ou=people,dc=example,dc=com": "ann's \\ secret ",
  "uid=bob,ou=people,dc=example,dc=com": "b",
} as const;

export const planOf = (scheme: string, more = "") => `directory:
  base: dc=example,dc=com
  organization: Example & Söhne
  scheme: ${scheme}
  units: [machines]
  administrator:
    password: { file: secrets/admin }
  services:
    - name: gitea
      description: reads users for Gitea
      password: { env: GITEA_PASSWORD }
  users:
    - uid: ann
      givenName: Ann
      surname: Ant
      mail: ann@example.com
      uidNumber: 10000
      gidNumber: 10000
      password: { file: secrets/ann }
    - uid: bob
      surname: Bär
      password: { file: secrets/bob }
    - uid: carl
      surname: Cat
  groups:
    - { name: staff, members: [ann, bob] }
    - { name: unix, gidNumber: 10000, members: [ann] }
${more}`;

export const planFiles = {
  "secrets/admin": `${passwords["cn=admin,dc=example,dc=com"]}\n`,
  "secrets/ann": passwords["uid=ann,ou=people,dc=example,dc=com"],
  "secrets/bob": `${passwords["uid=bob,ou=people,dc=example,dc=com"]}\r\n`,
};

export const environment = { GITEA_PASSWORD: passwords["cn=gitea,ou=services,dc=example,dc=com"] };

export interface Bootstrapping {
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** What was written before. */
  readonly deployed?: string;
  readonly live?: LiveDirectory;
  readonly isForced?: boolean;
}

export async function bootstrapped(plan: string, options: Bootstrapping = {}): Promise<Bootstrap> {
  const { deployed, files = {} } = options;
  const folder = folderOf({
    ...planFiles,
    ...files,
    "plan.yaml": plan,
    ...(deployed === undefined ? {} : { "out.ldif": deployed }),
  });
  const planFile = join(folder, "plan.yaml");
  const variables = options.environment ?? environment;
  const verifier = new PasswordVerifier({ allowCleartext: false });
  onTestFinished(() => verifier.close());
  return bootstrap({
    plan: readPlan(planFile, variables),
    planFile,
    environment: variables,
    verify: async (stored, password) => {
      const outcome = await verifier.verify("", stored, password);
      return outcome === "match" || outcome === "mismatch" ? outcome : "unknown";
    },
    deployed: readDeployedFile(join(folder, "out.ldif"))?.entries,
    live: options.live,
    isForced: options.isForced ?? false,
  });
}
