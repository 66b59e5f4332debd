import fc from "fast-check";
import { expect, test } from "vitest";
import { autheliaFormat } from "../../src/inputs/authelia.ts";
import { InputError, SourceFile } from "../../src/inputs/source-file.ts";

function fileOf(text: string, path = "configuration.yml"): SourceFile {
  return new SourceFile({ path, absolutePath: `/${path}`, text });
}

test("a template is read as far as it is known, every place as it is in the file", () => {
  const text = `---
{{- $domain := env "DOMAIN" }}
session:
  secret: {{ secret "/run/secrets/session" }}
  remember_me: 1M
  {{ if true }}
  cookies:
    - domain: {{DOMAIN}}
      authelia_url: 'https://auth.{{DOMAIN}}'
  {{ end }}
authentication_backend:
  ldap:
    address: ldap://{{LDAP_HOST}}:389
`;
  const [config] = autheliaFormat.parse(fileOf(text));
  const remember = config!.root.get("session", "remember_me")!;
  expect([remember.text, remember.location.line, remember.location.column]).toEqual(["1M", 5, 16]);
  const address = config!.root.get("authentication_backend", "ldap", "address")!;
  expect(address.text).toBe("ldap://__LDAP_HOST__:389");
  expect(text.slice(address.location.start, address.location.end)).toBe("ldap://{{LDAP_HOST}}:389");
  expect(config!.root.get("session", "cookies", 0, "authelia_url")?.text).toBe("https://auth.__DOMAIN__");
});

test.each([
  ["configs/sso.yml", "authentication_backend:\n  file: {}\n", true],
  ["authelia/configuration.acl.yml", "session:\n  name: x\n", true],
  ["authelia/users_database.yml", "users:\n  ann: {}\n", false],
  ["homeassistant/configuration.yaml", "notify:\n  - platform: x\n", false],
  ["authelia/docker-compose.yml", "services:\n  authelia:\n    image: authelia/authelia\n", false],
])("%s is one of Authelia's: by its keys", (path, text, expected) => {
  expect(autheliaFormat.recognizes(fileOf(text, path))).toBe(expected);
});

test("whatever is read is an InputError at most", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^(?:[a-z:{} \n'"-]|\{\{|\}\}){0,40}$/), (text) => {
      try {
        autheliaFormat.parse(fileOf(text));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }),
  );
});
