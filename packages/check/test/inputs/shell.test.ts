/** Shell scripts: the commands in them, where their output goes, and what is expanded. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseShell, parseShellText } from "../../src/inputs/shell/parser.ts";
import { expandsValue } from "../../src/inputs/shell.ts";
import { InputError } from "../../src/inputs/source-file.ts";
import { projectOf } from "../project.ts";

/** Each command as its words, with where its output goes. */
function commandsOf(text: string): readonly string[] {
  return parseShell(text).map(({ words, assignments, output }) => {
    const given = assignments.map(({ name, value }) => `${name}=${value.text}`);
    return `${[...given, ...words.map((word) => word.text)].join("|")} → ${output}`;
  });
}

it("takes quotes, escapes and continued lines off words, and leaves expansions as they are", () => {
  expect(commandsOf(`mysql -u root -p'a b' "x $Y" c\\ d \\\n  --end # comment`)).toEqual([
    "mysql|-u|root|-pa b|x $Y|c d|--end → inherited",
  ]);
});

it("knows where the output goes: to a file, a pipe, a substitution, or out", () => {
  const text = `
echo a
echo b > file
echo c >> file 2>&1
echo d | cat | tee f
x=$(echo e)
echo f >&2
{ echo g; if true; then echo h; fi; } > file
for i in 1 2; do echo i; done | sort
( echo j ) &>/dev/null
y=$(echo k >&2)
echo l > /dev/stderr
`;
  expect(commandsOf(text).filter((line) => line.startsWith("echo"))).toEqual([
    "echo|a → inherited",
    "echo|b → file",
    "echo|c → file",
    "echo|d → pipe",
    "echo|e → captured",
    "echo|f → inherited",
    "echo|g → file",
    "echo|h → file",
    "echo|i → pipe",
    "echo|j → file",
    "echo|k → inherited",
    "echo|l → inherited",
  ]);
});

it("says which command reads a pipe", () => {
  const [echo] = parseShell("echo secret | { docker login --password-stdin; }");
  expect(echo?.pipedInto?.words.map(({ text }) => text)).toEqual(["docker", "login", "--password-stdin"]);
});

it("finds the commands of functions, cases, conditions and here-documents", () => {
  const text = `
deploy() {
  case "$1" in
    (start|stop) systemctl "$1" app ;;
    *) echo "usage" >&2; return 1 ;;
  esac
}
if [[ $a =~ ^(x|y)$ && -f z ]]; then run one; elif (( n > 1 )); then run two; fi
cat <<END > out
password: $PASSWORD
END
cat <<'END'
$NOT_EXPANDED
END
arr=(a "$B" c)
function other { run three; }
`;
  expect(parseShell(text).map(({ words, functionName }) => [words[0]?.text, functionName])).toEqual([
    ["systemctl", "deploy"],
    ["echo", "deploy"],
    ["return", "deploy"],
    ["[[", undefined],
    ["run", undefined],
    ["run", undefined],
    ["cat", undefined],
    ["cat", undefined],
    [undefined, undefined],
    ["run", "other"],
  ]);
  const bodies = parseShell(text).flatMap(({ redirections }) => redirections.flatMap(({ body }) => body ?? []));
  expect(bodies.map(({ expansions }) => expansions.map(({ name }) => name))).toEqual([["PASSWORD"], []]);
});

it("tells the value of a variable from whether it is set, its length, and a mask", () => {
  const { expansions } = parseShellText(
    `$A \${B} \${C:-x} \${D:+set} \${#E} \${F//?/*} \${G:?no} \${H:0:2} \${I:-\${J}} \${K#x}`,
  );
  expect(expansions.filter(expandsValue).map(({ name }) => name)).toEqual(["A", "B", "C", "G", "H", "I", "J", "K"]);
  expect(expansions.map(({ name, operator, operand }) => [name, operator, operand])).toContainEqual(["C", ":-", "x"]);
});

it("says which quote or substitution is not closed", () => {
  const problems = (text: string) =>
    projectOf({ "run.sh": text }).unreadable.map(({ message, location }) => [message, location?.line]);
  expect(problems("echo a\necho 'b\n")).toEqual([
    ["this cannot be read as a shell script: this quote is not closed", 2],
  ]);
  expect(problems("x=$(echo a\n")).toEqual([
    ["this cannot be read as a shell script: this substitution is not closed", 1],
  ]);
  expect(problems(`echo "${"$(".repeat(500)}`)).toEqual([
    ["this cannot be read as a shell script: this is nested too deeply to be read", 1],
  ]);
});

it("knows a script by its name or its first line", () => {
  const project = projectOf({
    "a.sh": "true",
    "bin/b": "#!/usr/bin/env bash\ntrue",
    "c.txt": "true",
    d: "#!/usr/bin/fish\n",
  });
  expect(project.of("shell").map(({ file }) => file.path)).toEqual(["a.sh", "bin/b"]);
});

it("reads any text, or says why it does not", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ...["'", '"', "`", "$(", "${", "}", ")", "(", "{", ";;", "case x in", "esac", "if", "fi", "do", "done", "<<E\n"],
      ...["\nE\n", "|", "&&", ">", "2>&1", "\\", "\n", " ", "[[", "]]", "((", "))", "=(", "#", "$X", "echo", "f()"],
      ...["\f", "<(", "$'", "for x in", "!"],
    ),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      try {
        parseShell(pieces.join(""));
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }),
    { numRuns: 2_000 },
  );
});

it("gives words back as they were quoted", () => {
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (words) => {
      const [command] = parseShell(words.map(quoted).join(" "));
      expect(command?.words.map(({ text }) => text)).toEqual(words);
    }),
  );
});
