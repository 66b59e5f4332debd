/** An answer that cannot be used: `message` says what would be right. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
}
