/** Why signing in at an OpenID provider did not succeed, in words: the manager sends the browser here with a code. */

const sentences: Readonly<Record<string, string>> = {
  wrong_credentials: "The provider did not let you in, or it took too long. Begin again.",
  not_allowed: "No entry of the directory is yours. Ask an administrator for one.",
  unavailable: "The provider or the directory does not answer at the moment. Try again later.",
  too_many_requests: "There were too many attempts. Wait a minute, then try again.",
  not_found: "That provider is not configured here any more.",
};

/** Whatever an address says is never shown as it is: anybody can write one. */
export function signInProblem(code: string): string {
  return (Object.hasOwn(sentences, code) && sentences[code]) || "Signing in did not succeed. Begin again.";
}
