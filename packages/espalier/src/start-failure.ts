/** Why a start failed, as a sentence for the person who started it, where it is theirs to mend. */
import { ConfigurationError, formatProblem } from "@espalier/service/configuration";

/** By their names, so that a service is not loaded to learn that an error is not its own. */
const sentences = new Set(["WorkerStartError", "ControlError", "KeyFileError", "StoreError"]);

/** The sentence, or undefined for an error that is none of the configuration's: a bug, which keeps its stack. */
export function startFailure(error: unknown): string | undefined {
  if (error instanceof ConfigurationError) {
    return `The configuration cannot be used:\n${error.problems.map((problem) => `  ${formatProblem(problem)}`).join("\n")}`;
  }
  if (!(error instanceof Error)) return undefined;
  if (error.name === "CertificateError") return `The certificate cannot be used: ${error.message}`;
  if (sentences.has(error.name)) return error.message;
  if (!("code" in error)) return undefined;
  const { code, message } = error;
  if (code === "ERR_SOURCE_URL" || code === "ERR_SOURCE_QUERY") return message;
  const where = "address" in error && "port" in error ? `${error.address}:${error.port}` : "the configured address";
  if (code === "EADDRINUSE") return `Something else listens on ${where} already: stop it, or configure another port.`;
  if (code === "EACCES") return `This user may not listen on ${where}: ports below 1024 need CAP_NET_BIND_SERVICE.`;
  if (code === "EADDRNOTAVAIL") return `${where} is no address of this machine.`;
  return undefined;
}
