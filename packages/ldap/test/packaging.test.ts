import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const workspace = join(import.meta.dirname, "../../..");
const tsc = join(workspace, "node_modules/.bin/tsc");
// What the outer `npm test` tells its children is not meant for the npm of this test.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")));

/** Packing rewrites package.json for a moment, which must not happen under the feet of other tests: it is done in a copy. */
const folder = mkdtempSync(join(tmpdir(), "espalier-ldap-pack-"));
const copy = join(folder, "packages/ldap");
const consumer = join(folder, "consumer");
const installed = join(consumer, "node_modules/@espalier/ldap");

async function pack(): Promise<string> {
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: copy, env });
  // Before the JSON there may be what the scripts print.
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf("[\n")));
  return join(folder, filename);
}

beforeAll(async () => {
  mkdirSync(consumer, { recursive: true });
  for (const name of [
    "package.json",
    "tsconfig.build.json",
    "README.md",
    "LICENSE",
    "scripts",
    "src",
    "test/packaging.test.ts",
  ]) {
    cpSync(join(workspace, "packages/ldap", name), join(copy, name), { recursive: true });
  }
  cpSync(join(workspace, "tsconfig.json"), join(folder, "tsconfig.json"));
  symlinkSync(join(workspace, "node_modules"), join(folder, "node_modules"));
  const tarball = await pack();
  writeFileSync(join(consumer, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], { cwd: consumer, env });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("npm pack", () => {
  it("packs what was built, README and LICENSE, and neither source nor tests", () => {
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
    const others = files.filter((file) => !/^dist\/.*(\.js|\.d\.ts)$/.test(file));
    expect(others.sort()).toEqual(["LICENSE", "README.md", "package.json"]);
    expect(files.filter((file) => file.endsWith(".js")).length).toBeGreaterThan(50);
  });

  it("points the exports at what was built, and leaves the repository's package.json as it was", () => {
    const source = readFileSync(join(workspace, "packages/ldap/package.json"), "utf8");
    expect(readFileSync(join(copy, "package.json"), "utf8")).toBe(source);
    expect(JSON.parse(readFileSync(join(installed, "package.json"), "utf8"))).toEqual({
      ...JSON.parse(source),
      exports: {
        ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
        "./client": { types: "./dist/client/index.d.ts", default: "./dist/client/index.js" },
        "./dn": { types: "./dist/dn/index.d.ts", default: "./dist/dn/index.js" },
        "./ldif": { types: "./dist/ldif/index.d.ts", default: "./dist/ldif/index.js" },
        "./schema": { types: "./dist/schema/index.d.ts", default: "./dist/schema/index.js" },
        "./server": { types: "./dist/server/index.d.ts", default: "./dist/server/index.js" },
      },
    });
  });

  it("packs again after it was interrupted, and then restores package.json", async () => {
    const source = readFileSync(join(copy, "package.json"), "utf8");
    await run(process.execPath, ["scripts/pack.mjs", "export-dist"], { cwd: copy });
    expect(readFileSync(join(copy, "package.json"), "utf8")).not.toBe(source);
    await pack();
    expect(readFileSync(join(copy, "package.json"), "utf8")).toBe(source);
  });
});

describe("the package in plain JavaScript", () => {
  async function script(text: string): Promise<unknown> {
    const file = join(consumer, "script.mjs");
    writeFileSync(file, text);
    return JSON.parse((await run(process.execPath, [file], { cwd: consumer })).stdout);
  }

  it("encodes, decodes, parses and answers a search over a socket", async () => {
    expect(
      await script(`
        import { attribute, decodeMessage, encodeMessage, formatFilter, parseDn, parseFilter } from "@espalier/ldap";
        import { createLdapServer } from "@espalier/ldap/server";
        import { LdapClient } from "@espalier/ldap/client";

        const server = createLdapServer({
          handler: {
            search(request, operation) {
              operation.entry({ objectName: "uid=ann", attributes: [attribute("cn", formatFilter(request.filter))] });
              operation.done();
            },
          },
        });
        const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
        const client = await LdapClient.connect({ host: "127.0.0.1", port, secure: false });
        const { entries } = await client.searchAll({ baseObject: "", filter: "(uid=ann)" });
        await client.unbind();
        await server.drain(1000);
        console.log(JSON.stringify({
          decoded: decodeMessage(encodeMessage({ messageId: 7, protocolOp: { type: "unbindRequest" }, controls: [] })),
          filter: parseFilter("(cn=*)"),
          dn: parseDn("cn=a,dc=b"),
          found: entries.map((entry) => [entry.objectName, entry.text("cn")]),
        }));
      `),
    ).toEqual({
      decoded: { messageId: 7, protocolOp: { type: "unbindRequest" }, controls: [] },
      filter: { type: "present", attribute: "cn" },
      dn: [[{ type: "cn", value: "a" }], [{ type: "dc", value: "b" }]],
      found: [["uid=ann", "(uid=ann)"]],
    });
  });

  it("has a main entry that needs nothing of Node: no module, no Buffer, no process", async () => {
    const seen = new Set<string>();
    const foreign: string[] = [];
    const visit = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, specifier] of readFileSync(file, "utf8").matchAll(/(?:from|import) "([^"]+)"/g)) {
        if (specifier!.startsWith(".")) visit(join(dirname(file), specifier!));
        else foreign.push(specifier!);
      }
    };
    visit(join(installed, "dist/index.js"));
    expect(foreign).toEqual([]);
    expect(seen.size).toBeGreaterThan(30);
    expect(
      await script(`
        const print = console.log;
        const entry = import.meta.resolve("@espalier/ldap");
        delete globalThis.Buffer;
        delete globalThis.process;
        const { decodeMessage, encodeMessage, parseFilter } = await import(entry);
        const protocolOp = { type: "compareRequest", entry: "é", attribute: "cn", value: new Uint8Array(1) };
        print(JSON.stringify(decodeMessage(encodeMessage({ messageId: 1, protocolOp, controls: [] })).protocolOp.entry));
      `),
    ).toBe("é");
  });
});

describe("the package's types", () => {
  async function check(name: string, files: readonly string[], options: object): Promise<string> {
    const project = join(consumer, `tsconfig.${name}.json`);
    const compilerOptions = {
      strict: true,
      noEmit: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      ...options,
    };
    writeFileSync(project, JSON.stringify({ compilerOptions, files }));
    return run(tsc, ["-p", project], { cwd: consumer }).then(
      ({ stdout }) => stdout,
      ({ stdout }) => stdout,
    );
  }

  it("check in a program for Node, and find its mistakes", async () => {
    writeFileSync(
      join(consumer, "program.ts"),
      `import { decodeMessage, type LdapMessage, type SearchRequest } from "@espalier/ldap";
       import { createLdapServer } from "@espalier/ldap/server";
       import { LdapClient } from "@espalier/ldap/client";
       export function base(message: LdapMessage): string | undefined {
         const op = message.protocolOp;
         return op.type === "searchRequest" ? (op satisfies SearchRequest).baseObject : undefined;
       }
       export const id: number = decodeMessage(new Uint8Array()).messageId;
       export const server = createLdapServer({ handler: { del: (request, operation) => operation.end(53) } });
       export const found: Promise<string[]> = LdapClient.connect({ url: "ldap://localhost" })
         .then((client) => client.searchAll({ baseObject: "" }))
         .then(({ entries }) => entries.map(({ objectName }) => objectName));
       // @ts-expect-error: a scope is one of three words
       export const scope: SearchRequest["scope"] = "sub";
      `,
    );
    const typeRoots = [join(workspace, "node_modules/@types")];
    const node = { target: "es2024", types: ["node"], typeRoots };
    expect(await check("nodenext", ["program.ts"], { ...node, module: "nodenext" })).toBe("");
    expect(await check("bundler", ["program.ts"], { ...node, module: "esnext", moduleResolution: "bundler" })).toBe("");
  });

  it("check in a program for a browser, without the types of Node", async () => {
    writeFileSync(
      join(consumer, "page.ts"),
      `import { formatFilter, parseDn, parseFilter, parseLdif } from "@espalier/ldap";
       document.title = formatFilter(parseFilter("(cn=a)")) + parseDn("cn=a").length + parseLdif("").length;`,
    );
    const options = { lib: ["es2024", "dom"], types: [], module: "esnext", moduleResolution: "bundler" };
    expect(await check("browser", ["page.ts"], options)).toBe("");
  });

  it("check in every example of the README", async () => {
    const files = examples.map(({ text }, index) => {
      writeFileSync(join(consumer, `readme-${index}.ts`), `${text}\nexport {};\n`);
      return `readme-${index}.ts`;
    });
    const typeRoots = [join(workspace, "node_modules/@types")];
    expect(await check("readme", files, { target: "es2024", module: "nodenext", types: ["node"], typeRoots })).toBe("");
  });
});

/** The TypeScript blocks of README.md; `kind` is what follows `ts` on the opening line. */
const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
const examples = [...readme.matchAll(/^```ts ?(\w*)\n(.*?)^```$/gms)].map(([, kind, text]) => ({
  kind: kind!,
  text: text!,
  /** What the comments behind console.log say that it prints. */
  prints: [...text!.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, printed]) => printed!),
}));

describe("the examples of the README print what they say", () => {
  function write(name: string, text: string): string {
    const file = join(consumer, `${name}.ts`);
    writeFileSync(file, text);
    return file;
  }

  const alone = examples.filter(({ kind }) => kind === "");
  it.each(alone.map((example, index) => ({ ...example, index })))("$prints", async ({ text, prints, index }) => {
    const { stdout } = await run(process.execPath, [write(`alone-${index}`, text)], { cwd: consumer });
    expect(stdout).toBe(prints.map((line) => `${line}\n`).join(""));
  });

  it("client and server together", async () => {
    const port = await freePort();
    const [server, client] = ["server", "client"].map((kind) => {
      const { text, prints } = examples.find((example) => example.kind === kind)!;
      return { file: write(kind, text.replaceAll("3890", String(port))), prints };
    });
    const serving = spawn(process.execPath, [server!.file], { cwd: consumer, stdio: ["ignore", "pipe", "inherit"] });
    try {
      expect(await firstLine(serving)).toBe(`ldap://127.0.0.1:${port}`);
      const { stdout } = await run(process.execPath, [client!.file], { cwd: consumer });
      expect(stdout).toBe(client!.prints.map((line) => `${line}\n`).join(""));
      serving.kill("SIGTERM");
      expect(await once(serving, "exit")).toEqual([0, null]);
    } finally {
      serving.kill("SIGKILL");
    }
  });

  async function firstLine(child: ChildProcess): Promise<string> {
    for await (const line of createInterface({ input: child.stdout! })) return line;
    throw new Error("It ended without a line");
  }

  async function freePort(): Promise<number> {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as { port: number };
    probe.close();
    return port;
  }
});
