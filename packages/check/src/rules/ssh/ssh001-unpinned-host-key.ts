import { defineRule, type Found } from "../../engine/rule.ts";
import type { ShellCommand } from "../../inputs/shell.ts";
import type { SshConfig } from "../../inputs/ssh-config.ts";
import { serviceCommands } from "../secrets/compose-commands.ts";
import { type ScanFault, scanFaults } from "./key-scans.ts";

const pin = `Read the fingerprint on the host's own console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then store exactly that key:
espalier known-hosts pin HOST --fingerprint SHA256:…`;

export const ssh001 = defineRule({
  id: "SSH001",
  title: "host key is trusted without being checked",
  severity: "high",
  profile: "production",
  reads: ["shell", "sshConfig", "compose"],
  fix: "none",
  explanation: `ssh-keyscan asks whoever answers for a key. A script that stores the answer trusts somebody in between for good, if one is there on the day it first runs; with host key checking off, on any day.

The fingerprint has to come another way, from the host's own console, and be compared with the keys of the very scan that is stored. \`ssh-keygen -lf\` prints a line of length, fingerprint, host and type: compared as a whole with a fingerprint it is never equal. Checking a second scan says nothing about the keys of the first.`,
  references: [
    "ssh-keyscan(1), SECURITY",
    "ssh_config(5), StrictHostKeyChecking and UserKnownHostsFile",
    "RFC 4251 §4.1 (host keys)",
  ],
  *find(project) {
    for (const { file, commands } of project.of("shell")) {
      for (const { kind, command } of scanFaults(commands)) {
        yield {
          ...fault(kind, file.path),
          subject: file.path,
          at: file.locate(command.start, command.end),
          path: `ssh-keyscan ${kind}`,
        };
      }
      for (const { option, start, end } of optionsOff(commands)) {
        yield { ...off(option, file.path), subject: file.path, at: file.locate(start, end), path: option };
      }
    }
    for (const config of project.of("sshConfig")) yield* findInConfig(config);
    for (const { services } of project.of("compose")) {
      for (const service of services) {
        const run = serviceCommands(service.node);
        const [at] = [service.node.get("command"), service.node.get("entrypoint")].filter((node) => node !== undefined);
        if (run !== undefined && at !== undefined) {
          for (const { kind } of scanFaults(run.commands))
            yield { ...fault(kind, service.name), subject: service.name, at };
          for (const { option } of optionsOff(run.commands))
            yield { ...off(option, service.name), subject: service.name, at };
        }
        for (const { name, value = "", location } of service.environment) {
          const option = optionOff(value);
          if (option === undefined) continue;
          const path = `${service.node.pathText}.environment.${name}`;
          yield { ...off(option, service.name), subject: service.name, at: location, path };
        }
      }
    }
  },
});

function fault(kind: ScanFault["kind"], who: string): Pick<Found, "message" | "fix"> {
  switch (kind) {
    case "unpinned":
      return { message: `${who} stores what ssh-keyscan brings without comparing it with a pin`, fix: pin };
    case "second scan":
      return {
        message: `${who} compares the keys of a second scan with a pin, but stores those of the first`,
        fix: `Scan once, into a file; compare and store the keys of that file. Or let one command do both:\n${pin}`,
      };
    case "whole line":
      return {
        message: `${who} compares the whole line of ssh-keygen -l with a fingerprint, which is never equal`,
        fix: `Compare the second field alone: ssh-keygen -lf FILE | awk '{ print $2 }'\nOr let one command scan, compare and store:\n${pin}`,
      };
  }
}

function off(option: string, who: string): Pick<Found, "message" | "fix"> {
  const isNew = option.endsWith("accept-new");
  return {
    message: `${who} sets ${option}, which ${isNew ? "trusts any key of a host that is new" : "trusts any key of any host"}`,
    fix: `Remove ${option} (the key is then asked for, or refused in a script) and pin the key.\n${pin}`,
  };
}

/** `StrictHostKeyChecking=no`, as it is written in an option or a line of configuration. */
function optionOff(text: string): string | undefined {
  const [, checking] = /StrictHostKeyChecking(?:\s*=\s*|\s+)["']?(no|off|accept-new)\b/i.exec(text) ?? [];
  if (checking !== undefined) return `StrictHostKeyChecking=${checking.toLowerCase()}`;
  return /UserKnownHostsFile(?:\s*=\s*|\s+)["']?\/dev\/null\b/i.test(text) ? "UserKnownHostsFile=/dev/null" : undefined;
}

function* optionsOff(commands: readonly ShellCommand[]) {
  for (const { words, assignments } of commands) {
    const told = new Set<string>();
    // What only prints or searches for the option sets nothing.
    if (/^(?:echo|printf|grep|sed|awk)$/.test(words[0]?.text ?? "")) continue;
    for (const { text, start, end } of [...words, ...assignments.map(({ value }) => value)]) {
      const option = optionOff(text);
      if (option === undefined || told.has(option)) continue;
      told.add(option);
      yield { option, start, end };
    }
  }
}

function* findInConfig({ file, side, directives }: SshConfig): Generator<Found> {
  if (side === "server") return;
  for (const { keyword, parameters, block, location } of directives) {
    const option = optionOff(`${keyword} ${parameters.join(" ")}`);
    if (option === undefined) continue;
    yield {
      ...off(option.replace(/^stricthostkeychecking/i, "StrictHostKeyChecking"), file.path),
      subject: file.path,
      at: location,
      path: block === undefined ? option : `${block}: ${option}`,
    };
  }
}
