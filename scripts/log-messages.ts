/**
 * Every message that the product can log, read from its sources with TypeScript's own checker: what is called is the `Logger` of
 * packages/service, whatever the variable is called that holds it.
 */
import { join, relative } from "node:path";
import {
  type CallExpression,
  type Expression,
  isArrowFunction,
  isAsExpression,
  isBlock,
  isCallExpression,
  isComputedPropertyName,
  isConditionalExpression,
  isFunctionDeclaration,
  isIdentifier,
  isImportSpecifier,
  isMethodDeclaration,
  isNoSubstitutionTemplateLiteral,
  isObjectLiteralExpression,
  isParenthesizedExpression,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isReturnStatement,
  isShorthandPropertyAssignment,
  isSpreadAssignment,
  isStringLiteral,
  isTemplateExpression,
  isVariableDeclaration,
  type Node,
  SyntaxKind,
} from "typescript/unstable/ast";
import { API, type Project, type Type } from "typescript/unstable/sync";

export interface LogMessage {
  /** Below the repository. */
  readonly file: string;
  /** Where the line itself names its logger; otherwise the logger was handed to it. */
  readonly logger: string | undefined;
  /** More than one where the program decides. */
  readonly levels: readonly string[];
  /** One of these; what stands in braces is filled in. */
  readonly messages: readonly string[];
  /** Beside those that every line has. */
  readonly fields: readonly string[];
}

export interface Logging {
  readonly messages: readonly LogMessage[];
  /** What loggers are called where they are made: `gateway`, and of a part only its own name, `refresh`. */
  readonly loggers: ReadonlySet<string>;
}

const levels = new Set(["trace", "debug", "info", "warn", "error", "fatal"]);
const loggerSource = "packages/service/src/log/logger.ts";

/** What packages/<name>/src has of it, but for the page's. */
export function readLogging(repository: string): Logging {
  const api = new API({ cwd: repository });
  try {
    const configuration = join(repository, "tsconfig.json");
    const project = api.updateSnapshot({ openProjects: [configuration] }).getProject(configuration)!;
    const reader = new Reader(project, repository);
    const files = project.program.getSourceFileNames();
    for (const name of files.filter((file) => /^packages\/[^/]+\/src\//.test(relative(repository, file))).toSorted()) {
      reader.read(name);
    }
    return reader;
  } finally {
    api.close();
  }
}

class Reader implements Logging {
  readonly #project: Project;
  readonly #repository: string;
  readonly messages: LogMessage[] = [];
  readonly loggers = new Set<string>();

  constructor(project: Project, repository: string) {
    this.#project = project;
    this.#repository = repository;
  }

  read(fileName: string): void {
    const visit = (node: Node): void => {
      if (isCallExpression(node)) this.#take(fileName, node);
      node.forEachChild(visit);
    };
    visit(this.#project.program.getSourceFile(fileName)!);
  }

  #take(fileName: string, call: CallExpression): void {
    const method = this.#loggerMethod(call);
    if (method === "logger" || method === "child") {
      for (const name of this.#texts(call.arguments[0]!)) this.loggers.add(name);
    } else if (method === "line" || levels.has(method ?? "")) {
      this.messages.push(this.#message(fileName, method!, call));
    }
  }

  /** `warn`, `child`, … where it is a logger's. What a logger does within itself is none of it. */
  #loggerMethod({ expression }: CallExpression): string | undefined {
    if (!isPropertyAccessExpression(expression) || expression.expression.kind === SyntaxKind.ThisKeyword) {
      return undefined;
    }
    const [declaration] = this.#project.checker.getSymbolAtLocation(expression.name)?.declarations ?? [];
    return declaration?.path.endsWith(loggerSource) ? expression.name.text : undefined;
  }

  #message(fileName: string, method: string, { expression, arguments: given }: CallExpression): LogMessage {
    const [level, message, fields] = method === "line" ? given : [undefined, ...given];
    const maker = isPropertyAccessExpression(expression) ? expression.expression : expression;
    const isMade = isCallExpression(maker) && this.#loggerMethod(maker) === "logger";
    return {
      file: relative(this.#repository, fileName),
      logger: isMade ? this.#texts(maker.arguments[0]!)[0] : undefined,
      levels: level === undefined ? [method] : this.#texts(level),
      messages: this.#texts(message!),
      fields: [...new Set(fields === undefined ? [] : this.#keys(fields))],
    };
  }

  /** Each text that an expression can be. */
  #texts(expression: Expression): readonly string[] {
    if (isStringLiteral(expression) || isNoSubstitutionTemplateLiteral(expression)) return [expression.text];
    if (isParenthesizedExpression(expression)) return this.#texts(expression.expression);
    if (isConditionalExpression(expression)) {
      return [...this.#texts(expression.whenTrue), ...this.#texts(expression.whenFalse)];
    }
    if (isTemplateExpression(expression)) {
      const { head, templateSpans } = expression;
      return [head.text + templateSpans.map((span) => placeholder(span.expression) + span.literal.text).join("")];
    }
    const declaration = isIdentifier(expression) ? this.#declarationOf(expression) : undefined;
    const given = declaration !== undefined && isVariableDeclaration(declaration) ? declaration.initializer : undefined;
    if (given !== undefined && isTemplateExpression(given)) return this.#texts(given);
    const possible = literals(this.#project.checker.getTypeAtLocation(expression));
    return possible.length > 0 ? possible : [placeholder(expression)];
  }

  /** The names of the fields that an expression has: of an object as it is written, wherever that is. */
  #keys(expression: Expression): readonly string[] {
    if (isObjectLiteralExpression(expression)) {
      return expression.properties.flatMap((property) => {
        if (isSpreadAssignment(property)) return this.#keys(property.expression);
        if (!isPropertyAssignment(property) && !isShorthandPropertyAssignment(property)) return [];
        const { name } = property;
        if (isIdentifier(name) || isStringLiteral(name)) return [name.text];
        return isComputedPropertyName(name) ? this.#texts(name.expression) : [];
      });
    }
    if (isParenthesizedExpression(expression) || isAsExpression(expression)) return this.#keys(expression.expression);
    if (isConditionalExpression(expression)) {
      return [...this.#keys(expression.whenTrue), ...this.#keys(expression.whenFalse)];
    }
    const named = isCallExpression(expression) ? expression.expression : expression;
    const declaration = this.#declarationOf(named);
    const written = declaration === undefined ? [] : valuesOf(declaration);
    if (written.length > 0) return written.flatMap((value) => this.#keys(value));
    const type = this.#project.checker.getTypeAtLocation(expression);
    return type === undefined ? [] : this.#project.checker.getPropertiesOfType(type).map(({ name }) => name);
  }

  /** Of a variable or a function, in whichever file it is. */
  #declarationOf(expression: Expression): Node | undefined {
    const named = isPropertyAccessExpression(expression) ? expression.name : expression;
    const { checker } = this.#project;
    const symbol = checker.getSymbolAtLocation(named);
    const declared = symbol?.declarations[0]?.resolve();
    if (symbol === undefined || declared === undefined || !isImportSpecifier(declared)) return declared;
    return checker.getAliasedSymbol(symbol).declarations[0]?.resolve();
  }
}

/** What a variable was given, or what a function returns. */
function valuesOf(declaration: Node): readonly Expression[] {
  if (isVariableDeclaration(declaration)) {
    const { initializer } = declaration;
    if (initializer === undefined) return [];
    return isArrowFunction(initializer) ? valuesOf(initializer) : [initializer];
  }
  if (isArrowFunction(declaration)) {
    const { body } = declaration;
    return isBlock(body) ? returned(body) : [body];
  }
  const hasBody = isFunctionDeclaration(declaration) || isMethodDeclaration(declaration);
  return hasBody && declaration.body !== undefined ? returned(declaration.body) : [];
}

function returned(node: Node): readonly Expression[] {
  if (isReturnStatement(node)) return node.expression === undefined ? [] : [node.expression];
  const found: Expression[] = [];
  node.forEachChild((child) => void found.push(...returned(child)));
  return found;
}

/** The texts that a type admits; none where it is any text. */
function literals(type: Type | undefined): readonly string[] {
  if (type === undefined) return [];
  if (type.isStringLiteralType()) return [type.value];
  if (!type.isUnionType()) return [];
  const each = type.getTypes().map(literals);
  return each.every((texts) => texts.length > 0) ? each.flat() : [];
}

/** `{message}` for `error.message`, `{…}` for what has no name. */
function placeholder(expression: Expression): string {
  if (isIdentifier(expression)) return `{${expression.text}}`;
  if (isPropertyAccessExpression(expression)) return `{${expression.name.text.replace("#", "")}}`;
  return "{…}";
}
