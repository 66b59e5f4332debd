/** A compose project as Docker would run it: its files merged, its variables filled in, each value with its place. */
import type { ConfigNode } from "../config-node.ts";
import type { Operator } from "../interpolation.ts";
import type { Location } from "../source-file.ts";

export interface ComposeProject {
  /** `name:` of the file, else the name of its folder. */
  readonly name: string;
  /** What it was read from, the first first: paths as {@link SourceFile.path}. */
  readonly files: readonly string[];
  /** The whole merged model. */
  readonly model: ConfigNode;
  /** Also those that belong to a profile. */
  readonly services: readonly ComposeService[];
  /** Each `${NAME}` in it, in the order of the files. */
  readonly variables: readonly VariableUse[];
}

export interface ComposeService {
  readonly name: string;
  readonly node: ConfigNode;
  /** Environment of the service: `environment` over `env_file`, the list form and the map form alike. */
  readonly environment: readonly EnvironmentEntry[];
  /** Mounts, of the short and of the long form alike. */
  readonly mounts: readonly Mount[];
  /** Published ports, of the short and of the long form alike, a range as its first port. */
  readonly ports: readonly PublishedPort[];
  /** The networks it is on; `default` where it names none; none with `network_mode`. */
  readonly networks: readonly string[];
}

export interface EnvironmentEntry {
  readonly name: string;
  /** Undefined where it is taken over from the shell that runs compose. */
  readonly value: string | undefined;
  /** As written, with `${…}`; undefined where it has no value. */
  readonly written: string | undefined;
  /** Whether the file has the value itself, and not by `${…}`. */
  readonly isLiteral: boolean;
  readonly location: Location;
  /** The node of `environment`; undefined for what comes from an `env_file`. */
  readonly node?: ConfigNode;
}

export interface Mount {
  readonly type: "bind" | "volume" | "tmpfs" | "other";
  /** Of a bind: as written, variables filled in, `~` and `.` kept. Of a volume: its name; undefined for an anonymous one. */
  readonly source: string | undefined;
  /** Of a bind: the path of the file among those read, where it is one. */
  readonly file?: string;
  readonly target: string;
  readonly isReadOnly: boolean;
  readonly node: ConfigNode;
}

export interface PublishedPort {
  /** Undefined: a free one is taken. */
  readonly published: number | undefined;
  readonly target: number;
  /** The address it is bound to; `0.0.0.0` where none is named. */
  readonly host: string;
  readonly protocol: string;
  readonly node: ConfigNode;
}

export interface VariableUse {
  readonly name: string;
  /** What fills it: the environment, an `.env` file, what is written after `:-`, or nothing. */
  readonly from: "environment" | "dotenv" | "default" | "nothing";
  readonly isEmpty: boolean;
  /** What stands after the name: `""` in `${NAME}` and `$NAME`. */
  readonly operator: Operator;
  /** `:?` and `?`: the start stops without it. */
  readonly isRequired: boolean;
  /** The node that it is part of. */
  readonly node: ConfigNode;
}
