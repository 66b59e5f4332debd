/** `espalier check`: what is wrong before a deployment, and while it runs; and, where that can be done by itself, puts it right. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type {
  Baseline,
  CheckRun,
  FormatOptions,
  Profile,
  Project,
  Report,
  ReportFormatName,
  RunOptions,
} from "@espalier/check";
import type { FixLevel } from "@espalier/check/fix";
import { defaultConfigurationFile, type Severity } from "@espalier/service/plain";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { CheckConfiguration } from "../check-configuration.ts";
import type { Environment } from "../configuration.ts";
import { exitCode } from "../exit-code.ts";
import { version } from "../version.ts";
import { repeated } from "./checked-option.ts";
import type { LiveConfiguration } from "./live-targets.ts";
import { visible } from "./visible.ts";

/** Standard output, or what a test has in its place. */
export interface CheckOutput {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string, done: (error?: Error | null) => void): unknown;
}

interface Options {
  readonly config?: string;
  readonly file?: readonly string[];
  readonly envFile?: readonly string[];
  readonly profile?: Profile;
  readonly format: ReportFormatName;
  readonly output?: string;
  readonly failOn: Severity | "never";
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly pruneBaseline?: string;
  readonly fix?: Fix;
  readonly diff?: boolean;
  readonly live?: boolean;
  readonly all?: boolean;
  readonly explain?: string;
  readonly rules?: boolean;
}

/** `--fix deploy/` has the path where `--fix all` has the level. */
interface Fix {
  readonly level: FixLevel;
  readonly path?: string;
}

const formats = ["human", "json", "sarif", "junit", "markdown", "github", "gitlab"] as const;

/** @param fileHelp what -c is. */
export function addCheckCommands(
  program: Command,
  environment: Environment,
  fileHelp: string,
  out: CheckOutput = process.stdout,
): void {
  program
    .command("check")
    .description("say what is wrong with a deployment, before it is made or while it runs, and how to put it right")
    .argument("[path...]", "files and folders to look at (default: the current folder)")
    .option("-f, --file <file>", "a compose file; several are merged in this order, instead of those found", repeated)
    .option("--env-file <file>", "variables of compose files, instead of those of .env beside them", repeated)
    .addOption(
      new Option("--profile <profile>", "how much is asked for (default: check.profile, or production)").choices([
        "lab",
        "production",
        "strict",
      ]),
    )
    .option("--live", "look at what runs as well: what the configuration serves, balances and manages")
    .addOption(new Option("--format <format>", "how to write it").choices(formats).default("human"))
    .option("-o, --output <file>", "where to write it (default: standard output)")
    .option("--all", "show each finding, not the first of many that are alike")
    .addOption(
      new Option("--fail-on <severity>", "exit with 1 for a finding that is at least so severe")
        .choices(["critical", "high", "medium", "low", "info", "never"])
        .default("high"),
    )
    .option("--baseline <file>", "excuse what this file has, as long as it stays as it is")
    .option("--write-baseline <file>", "write what is found now, to be excused from now on")
    .option("--prune-baseline <file>", "take out of this baseline what is no longer found")
    .option(
      "--fix [level]",
      "put right what can be: safe, or all, which may change what a system does (default: safe)",
      parseFix,
    )
    .option("--diff", "show what --fix would change, and change nothing")
    .option("--explain <id>", "say why a rule matters and what to do")
    .option("--rules", "list every rule")
    .option("-c, --config <file>", fileHelp)
    .action(async (paths: readonly string[], options: Options) => {
      process.exitCode = await new CheckCommand(environment, options, out).run(paths);
    });
}

function parseFix(value: string): Fix {
  if (value === "safe" || value === "all") return { level: value };
  if (value.startsWith("-") || value === "") throw new InvalidArgumentError("write --fix, --fix=safe or --fix=all");
  return { level: "safe", path: value };
}

class CheckCommand {
  readonly #environment: Environment;
  readonly #options: Options;
  readonly #out: CheckOutput;

  constructor(environment: Environment, options: Options, out: CheckOutput) {
    this.#environment = environment;
    this.#options = options;
    this.#out = out;
  }

  async run(paths: readonly string[]): Promise<number> {
    const { explain, rules } = this.#options;
    if (explain !== undefined) return await this.#explain(explain);
    if (rules === true) return await this.#list();
    return await this.#check(paths);
  }

  async #check(paths: readonly string[]): Promise<number> {
    const { defaultProfile, hasKnownFile, isFailing, reportFormats, rules, runCheck } = await import("@espalier/check");
    const { file: composeFiles, envFile: envFiles, format, failOn, live = false, fix, diff = false } = this.#options;
    const configuration = await this.#configuration();
    const known = await this.#readBaseline();
    if (known === "unreadable") return exitCode.internal;
    const { profile = defaultProfile, suppressions } = configuration?.check ?? {};
    const options: RunOptions = {
      reading: {
        root: process.cwd(),
        paths: this.#paths(paths, configuration?.file),
        ...(composeFiles === undefined ? {} : { composeFiles }),
        ...(envFiles === undefined ? {} : { envFiles }),
        environment: this.#environment,
      },
      profile: this.#options.profile ?? profile,
      now: Date.now(),
      observe: live ? await this.#observation(configuration) : undefined,
      ...{ rules, suppressions, baseline: known },
    };
    let run = runCheck(options);
    if (!live && !hasKnownFile(run.project) && run.report.findings.length + run.report.unreadable.length === 0) {
      process.stderr.write(
        `There is nothing in ${options.reading.paths.join(", ") || "there"} that is known: no compose file, certificate or configuration.\n`,
      );
      return exitCode.internal;
    }
    let isRefused = false;
    if (diff) return await this.#diff(run);
    if (fix !== undefined) ({ run, isRefused } = await this.#fix(run, fix.level, () => runCheck(options)));
    const isWritten = await this.#writeBaselines(run.report);
    if (typeof isWritten === "number") return isWritten;
    const report = isWritten === undefined ? run.report : runCheck({ ...options, baseline: isWritten }).report;
    const written = await this.#write(reportFormats[format](report, await this.#formatOptions()));
    if (written !== exitCode.ok) return written;
    if (report.unreadable.length > 0) return exitCode.internal;
    if (isFailing(report, failOn)) return exitCode.findings;
    return isRefused ? exitCode.usage : exitCode.ok;
  }

  /** Undefined without a file: no variable sets any of it, and what reads one need not be loaded. */
  async #configuration(): Promise<CheckConfiguration | undefined> {
    const { config } = this.#options;
    if (config === undefined && !existsSync(defaultConfigurationFile)) return undefined;
    const { loadCheckConfiguration } = await import("../check-configuration.ts");
    return loadCheckConfiguration(this.#environment, config);
  }

  /** What is named; with compose files or with what runs these alone. */
  #paths(paths: readonly string[], configurationFile: string | undefined): readonly string[] {
    const { file = [], fix, live = false } = this.#options;
    const named = [...paths, ...(fix?.path === undefined ? [] : [fix.path])];
    if (named.length > 0 || file.length > 0) return named;
    if (live) return configurationFile === undefined ? [] : [configurationFile];
    return ["."];
  }

  async #observation(configuration: CheckConfiguration | undefined): Promise<(project: Project) => Project> {
    const [{ observe, withObservation }, { liveTargetsOf }, { lookAtStore }, { loadWholeConfiguration }] =
      await Promise.all([
        import("@espalier/check/live"),
        import("./live-targets.ts"),
        import("../health/store.ts"),
        import("../configuration.ts"),
      ]);
    // Backups and certificates of others are looked at also where nothing of ours runs.
    const whole: LiveConfiguration = configuration?.isAlone
      ? { check: configuration.check }
      : loadWholeConfiguration(this.#environment, this.#options.config);
    const store = await lookAtStore(whole.store, whole.notify !== undefined);
    try {
      const observation = await observe(liveTargetsOf(whole, store.queue), { now: Date.now });
      const away = store.rows.flatMap(({ status, name, detail }) =>
        status === "ok" ? [] : [{ subject: name, message: detail ?? "it cannot be opened" }],
      );
      const unreadable = [...observation.unreadable, ...away];
      return (project) => withObservation(project, { ...observation, unreadable });
    } finally {
      await store.close();
    }
  }

  async #readBaseline(): Promise<Baseline | "unreadable" | undefined> {
    const { baseline, pruneBaseline } = this.#options;
    const path = baseline ?? pruneBaseline;
    if (path === undefined) return undefined;
    const { InputError, parseBaseline } = await import("@espalier/check");
    try {
      return parseBaseline(readFileSync(path, "utf8"));
    } catch (error) {
      const reason = error instanceof InputError ? error.message : (error as NodeJS.ErrnoException).code;
      if (reason === undefined) throw error;
      process.stderr.write(`The baseline ${path} cannot be read: ${reason}.\n`);
      return "unreadable";
    }
  }

  /** Undefined: nothing was to be written. A number: it could not be, and this is the exit code. */
  async #writeBaselines(report: Report): Promise<Baseline | number | undefined> {
    const { writeBaseline, pruneBaseline } = this.#options;
    if (writeBaseline === undefined && pruneBaseline === undefined) return undefined;
    if (report.unreadable.length > 0) {
      process.stderr.write(
        "The baseline was not written: something could not be read, and what is in there is not known.\n",
      );
      return await this.#reportOnly(report);
    }
    const { baselineOf, formatBaseline, isAskedIn, parseBaseline, pruned, rules } = await import("@espalier/check");
    let baseline: Baseline | undefined;
    if (pruneBaseline !== undefined) {
      const notAsked = new Set(rules.filter((rule) => !isAskedIn(rule, report.profile)).map(({ id }) => id));
      const before = parseBaseline(readFileSync(pruneBaseline, "utf8"));
      baseline = pruned(before, report.findings, (rule) => !notAsked.has(rule));
      if (!writeText(pruneBaseline, formatBaseline(baseline))) return exitCode.usage;
    }
    if (writeBaseline !== undefined) {
      baseline = baselineOf(report.findings);
      if (!writeText(writeBaseline, formatBaseline(baseline))) return exitCode.usage;
    }
    return baseline;
  }

  async #reportOnly(report: Report): Promise<number> {
    const { reportFormats } = await import("@espalier/check");
    await this.#write(reportFormats[this.#options.format](report, await this.#formatOptions()));
    return exitCode.internal;
  }

  async #diff({ project, report }: CheckRun): Promise<number> {
    const [{ isFailing }, { formatPlan, planFixes }] = await Promise.all([
      import("@espalier/check"),
      import("@espalier/check/fix"),
    ]);
    const plan = planFixes(project, report.findings, this.#options.fix?.level ?? "safe");
    this.#tellRefused(plan.refused);
    const text = formatPlan(plan);
    if (text === "") process.stderr.write("There is nothing that this would change.\n");
    // A patch program is to have the lines as they are; a terminal is not.
    const written = await this.#write(this.#out.isTTY === true ? text.split("\n").map(visible).join("\n") : text);
    if (written !== exitCode.ok) return written;
    if (report.unreadable.length > 0) return exitCode.internal;
    return isFailing(report, this.#options.failOn) ? exitCode.findings : exitCode.ok;
  }

  async #fix(run: CheckRun, level: FixLevel, again: () => CheckRun) {
    const { applyFixes, planFixes } = await import("@espalier/check/fix");
    const plan = planFixes(run.project, run.report.findings, level);
    let last = run;
    const recheck = () => {
      last = again();
      return last.report;
    };
    const { fixed, refused, files } = applyFixes(plan, run.report, recheck);
    this.#tellRefused(refused);
    const where = files.length === 0 ? "" : ` in ${files.map(visible).join(", ")}`;
    process.stderr.write(`Put right: ${fixed.length === 1 ? "1 finding" : `${fixed.length} findings`}${where}.\n\n`);
    return { run: last, isRefused: refused.length > 0 };
  }

  #tellRefused(
    refused: readonly {
      readonly finding: { readonly rule: string; readonly message: string };
      readonly reason: string;
    }[],
  ): void {
    for (const { finding, reason } of refused) {
      process.stderr.write(`${visible(`${finding.rule} ${finding.message}: it was not put right: ${reason}`)}.\n`);
    }
  }

  async #explain(id: string): Promise<number> {
    const { formatExplanation, rules } = await import("@espalier/check");
    const rule = rules.find((each) => each.id === id.toUpperCase());
    if (rule === undefined) {
      process.stderr.write(`There is no rule ${visible(id)}: espalier check --rules lists them.\n`);
      return exitCode.usage;
    }
    return await this.#write(formatExplanation(rule, this.#page()));
  }

  async #list(): Promise<number> {
    const { formatRules, formatRulesJson, rules } = await import("@espalier/check");
    return await this.#write(
      this.#options.format === "json" ? formatRulesJson(rules) : formatRules(rules, this.#page()),
    );
  }

  async #formatOptions(): Promise<FormatOptions> {
    const { rules } = await import("@espalier/check");
    return { ...this.#page(), rules, version, all: this.#options.all ?? false };
  }

  #page(): { readonly color: boolean; readonly width: number } {
    const { NO_COLOR, TERM } = this.#environment;
    const isTerminal = this.#out.isTTY === true && this.#options.output === undefined;
    return {
      color: isTerminal && (NO_COLOR === undefined || NO_COLOR === "") && TERM !== "dumb",
      width: isTerminal ? Math.min(120, Math.max(40, this.#out.columns ?? 80)) : 80,
    };
  }

  /** Resolves when all of it has been taken, also by a slow reader; one that has gone away wants no more. */
  async #write(text: string): Promise<number> {
    const { output } = this.#options;
    if (output !== undefined) return writeText(output, text) ? exitCode.ok : exitCode.usage;
    const error = await new Promise<Error | null | undefined>((resolve) => this.#out.write(text, resolve));
    if (error && (error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
    return exitCode.ok;
  }
}

function writeText(path: string, text: string): boolean {
  try {
    writeFileSync(path, text);
    return true;
  } catch (error) {
    process.stderr.write(`${path} cannot be written (${(error as NodeJS.ErrnoException).code}).\n`);
    return false;
  }
}
