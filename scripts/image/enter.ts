/**
 * A process in a root of its own: in its own mount and process namespaces, as process 1. Mounts and processes end with it, and
 * it ends with whoever started it, however that ends: nothing is left to unmount.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Entering {
  readonly root: string;
  readonly command: readonly string[];
  /** All that it finds in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** What of the machine is within the root, by its path there, which is below /run: a folder that goes away with it. */
  readonly binds?: Readonly<Record<string, string>>;
  /** Left out: it is root and may write everywhere, as a step of a build may. */
  readonly confinement?: Confinement;
}

/** As of `docker run --read-only --cap-drop ALL --security-opt no-new-privileges --tmpfs /tmp`. */
interface Confinement {
  readonly user: number;
  readonly group: number;
  /** Folders of the root that may be written to, each with the machine's folder that is there instead. */
  readonly volumes: Readonly<Record<string, string>>;
}

/** What the shell does before it becomes the process: `sh -c … sh ROOT ro|rw [SOURCE TARGET ro|rw]… -- COMMAND…`. */
const setUp = `
umask 022
root=$1 mode=$2
shift 2
mount --bind "$root" "$root"
[ $mode = rw ] || mount -o remount,bind,ro "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs "$root/run"
[ $mode = rw ] || mount -t tmpfs -o mode=1777,nosuid,nodev,noexec tmpfs "$root/tmp"
mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
while [ "$1" != -- ]; do
  case $2 in
    /run/*) mkdir -p "$root$(dirname "$2")"; if [ -d "$1" ]; then mkdir "$root$2"; else : > "$root$2"; fi ;;
  esac
  mount --bind "$1" "$root$2"
  [ $3 = rw ] || mount -o remount,bind,ro "$root$2"
  shift 3
done
shift
[ $mode = rw ] || mount -o remount,ro "$root/run"
exec "$@"
`;

/** The program and its parameters that do it; they need root. It ends with the exit code of the command. */
export function enteringCommand(entering: Entering): readonly [program: string, ...parameters: string[]] {
  const { root, command, environment, workingDirectory, binds = {}, confinement } = entering;
  const mode = confinement === undefined ? "rw" : "ro";
  const mounts = [
    ...Object.entries(binds).flatMap(([target, source]) => [source, target, mode]),
    ...Object.entries(confinement?.volumes ?? {}).flatMap(([target, source]) => [source, target, "rw"]),
  ];
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return [
    "setpriv",
    ...["--pdeathsig", "KILL", "--"],
    ...["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--"],
    ...["sh", "-euc", setUp, "sh", root, mode, ...mounts, "--"],
    ...["chroot", root, ...(confinement === undefined ? [] : confinedBy(confinement))],
    ...["env", "--ignore-environment", `--chdir=${workingDirectory}`, ...variables, ...command],
  ];
}

/** A change of user would take the signal away that ends it with its parent. */
function confinedBy({ user, group }: Confinement): readonly string[] {
  return [
    ...["setpriv", "--pdeathsig", "keep", "--reuid", `${user}`, "--regid", `${group}`, "--clear-groups"],
    ...["--no-new-privs", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--"],
  ];
}

/** Runs it to its end; what it prints goes to standard error. @throws Error where it ends with anything but 0. */
export async function runEntered(entering: Entering): Promise<void> {
  await run(...enteringCommand(entering)).catch((cause) => {
    throw new Error(`${entering.command.join(" ")}: ${cause.message}`, { cause });
  });
}

/** Runs a program of the machine to its end. @throws Error where it ends with anything but 0. */
export async function run(program: string, ...parameters: readonly string[]): Promise<void> {
  const child = spawn(program, parameters, { stdio: ["ignore", 2, 2] });
  const [exitCode, signal] = await once(child, "exit");
  if (exitCode !== 0) throw new Error(`ended with ${exitCode ?? signal}`);
}
