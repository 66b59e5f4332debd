/**
 * A real systemd as process 1 of namespaces of its own: the machine's programs, with changes to /etc, /opt, /tmp, /usr/bin and /var
 * that go away with it. It needs root, and cgroup version 2 somewhere below /sys/fs/cgroup. Of the machine's own units it has the
 * journal's alone; the network is the machine's.
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ChildServer } from "./child-server.ts";
import { type CommandOptions, type CommandResult, runCommand } from "./command.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { until } from "./until.ts";

export interface SystemdOptions {
  /** What the machine does not have: folders or files of it, by the absolute path at which programs find them. */
  readonly binds?: Readonly<Record<string, string>>;
  /** Symbolic links, by where they lie, likewise. */
  readonly links?: Readonly<Record<string, string>>;
}

export interface Systemd extends AsyncDisposable {
  /** Runs a program of the machine beside it, as root, as somebody would who has logged in there. */
  run(program: string, parameters: readonly string[], options?: CommandOptions): Promise<CommandResult>;
}

/** Of the machine's own: where services write what they say. */
const journal = ["systemd-journald.service", "systemd-journald.socket"];
/** What services are ordered by: empty here. */
const targets = ["sysinit", "basic", "sockets", "network-online", "multi-user", "shutdown", "umount", "final"];

/** `sh -c … sh CGROUP UNITS [bind|link TARGET SOURCE]…`. What is written to these folders is in memory. */
const boot = `
umask 022
echo $$ > "$1/cgroup.procs"
shift
exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc --uts --ipc --cgroup -- sh -euc '
  mount -t tmpfs -o mode=0755 tmpfs /run
  mkdir /run/units
  mount --bind "$1" /run/units
  shift
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mount --bind /proc/sys /proc/sys
  mount -o remount,bind,ro /proc/sys
  for folder in etc opt usr/bin var; do
    mkdir -p "/run/changes/$folder" "/run/work/$folder"
    mount -t overlay -o "lowerdir=/$folder,upperdir=/run/changes/$folder,workdir=/run/work/$folder" overlay "/$folder"
  done
  mount -t tmpfs -o mode=0755 tmpfs /etc/systemd/system
  while [ $# -gt 0 ]; do
    mkdir -p "$(dirname "$2")"
    if [ "$1" = link ]; then ln -sfn "$3" "$2"
    else
      if [ -d "$3" ]; then mkdir -p "$2"; else : > "$2"; fi
      mount --bind "$3" "$2"
    fi
    shift 3
  done
  mount -t tmpfs -o mode=1777 tmpfs /tmp
  # It writes what it does to its standard error, and takes from its environment that it is not the machine.
  exec env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 container=test \\
    SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/units /lib/systemd/systemd --system --log-target=console --show-status=false
' sh "$@"
`;

/** What it needs of the kernel, tried in namespaces that are gone at once. */
const trial = `
  mount -t tmpfs tmpfs /run
  mkdir /run/changes /run/work
  mount -t overlay -o lowerdir=/etc,upperdir=/run/changes,workdir=/run/work overlay /etc
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
`;

/** What this machine's kernel, or the container it is in, refuses; undefined where systemd can be started. */
export function systemdObstacle(): string | undefined {
  if (controlGroups() === undefined) return "cgroup version 2 is nowhere below /sys/fs/cgroup";
  const namespaces = ["--mount", "--propagation", "private", "--pid", "--fork", "--uts", "--ipc", "--cgroup"];
  const { status, stderr } = spawnSync("unshare", [...namespaces, "--", "sh", "-euc", trial], { encoding: "utf8" });
  return status === 0 ? undefined : stderr?.trim() || "there is no unshare";
}

export async function startSystemd({ binds = {}, links = {} }: SystemdOptions): Promise<Systemd> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("systemd"));
  const folder = directory.file("units");
  mkdirSync(folder);
  for (const name of journal) copyFileSync(join("/lib/systemd/system", name), join(folder, name));
  for (const name of targets) writeFileSync(join(folder, `${name}.target`), `[Unit]\nDescription=${name}\n`);
  const wanted = ["multi-user.target", ...journal].join(" ");
  writeFileSync(join(folder, "default.target"), `[Unit]\nWants=${wanted}\nAfter=${wanted}\n`);

  const group = makeControlGroup();
  cleanup.defer(() => removeControlGroup(group));
  const places = [
    ...Object.entries(binds).flatMap(([target, source]) => ["bind", target, source]),
    ...Object.entries(links).flatMap(([target, source]) => ["link", target, source]),
  ];
  const parameters = ["--pdeathsig", "KILL", "--", "sh", "-euc", boot, "sh", group, folder, ...places];
  const server = new ChildServer("setpriv", parameters);
  // Not asked: unshare waits for its child, and process 1 ends with it.
  cleanup.defer(async () => void (await server.kill()));
  const run: Systemd["run"] = (program, words, options) => {
    const entering = ["--target", processOne(server.pid), "--mount", "--pid", "--wd=/", "--"];
    return runCommand("nsenter", [...entering, program, ...words], options);
  };
  await server.ready(async () => (await run("systemctl", ["is-active", "default.target"])).exitCode === 0);
  const resources = cleanup.move();
  return { run, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** Of the program that made the namespaces, the one child. */
function processOne(unshare: number): string {
  const [child = ""] = readFileSync(`/proc/${unshare}/task/${unshare}/children`, "utf8").split(" ");
  return child;
}

/** Of version 2, which some machines have beside version 1. */
function controlGroups(): string | undefined {
  return ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].find((path) => existsSync(join(path, "cgroup.procs")));
}

function makeControlGroup(): string {
  const folder = controlGroups();
  if (folder === undefined) throw new Error("systemd needs cgroup version 2 below /sys/fs/cgroup");
  return mkdtempSync(join(folder, "espalier-lab-"));
}

/** It and those in it, which have folders alone that can be removed. */
async function removeControlGroup(path: string): Promise<void> {
  await until(`${path} to be empty`, () => {
    const inner = readdirSync(path, { recursive: true, withFileTypes: true }).filter((each) => each.isDirectory());
    for (const each of inner.reverse()) rmdirSync(join(each.parentPath, each.name));
    rmdirSync(path);
    return true;
  });
}
