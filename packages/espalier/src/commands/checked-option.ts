/** Options whose text is read at once: what is wrong with it is said by the command line's own error. */
import { InvalidArgumentError } from "commander";
import { AnswerError } from "../input/answer-error.ts";
import { listOf } from "../input/parse-answer.ts";

export function valid<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof AnswerError) throw new InvalidArgumentError(`${error.message}.`);
      throw error;
    }
  };
}

/** Of an option that may be repeated, whose text is taken as it is. */
export function repeated(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** Of an option that may be repeated; several may also stand in one, with commas between. */
export function each<T>(parse: (text: string) => T): (text: string, before: readonly T[]) => readonly T[] {
  return (text, before) => [...before, ...valid(listOf(parse))(text)];
}
