/**
 * Finds the examples in doc comments and Markdown, reads what their comments promise, and makes
 * them report what they print. CONTRIBUTING.md has the rules for writing them.
 */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import ts from 'typescript';
import { root } from './command';

/** The languages of code blocks that are not run. Any other language is an error. */
// 'js interop' is run by test/interop.test.ts, with the libraries that it imports.
const NOT_RUN = ['', 'sh', 'console', 'text', 'json', 'cpp', 'js interop'];
const RUN = ['ts', 'js', 'mjs'];

export interface Example {
  /** Relative to the repository, with '/'. */
  file: string;
  /** The number of its first line of code. */
  line: number;
  code: string;
}

/** The code blocks to run in a Markdown file, or in the doc comments of a source file. */
export function examplesOf(file: string): Example[] {
  const examples: Example[] = [];
  const lines = readFileSync(path.join(root, file), 'utf8').split('\n');
  const texts = file.endsWith('.md') ? lines : lines.map((line) => /^\s*\* ?(.*)$/.exec(line)?.[1] ?? '');
  for (let i = 0; i < texts.length; i++) {
    const language = /^```(.*)$/.exec(texts[i])?.[1];
    if (language === undefined) continue;
    const end = texts.indexOf('```', i + 1);
    if (end < 0) throw new Error(`${file}:${i + 1}: a block of code without an end`);
    if (RUN.includes(language)) {
      examples.push({ file, line: i + 2, code: texts.slice(i + 1, end).join('\n') });
    } else if (!NOT_RUN.includes(language)) {
      throw new Error(`${file}:${i + 1}: a block of code must be of ${RUN}, or one of ${NOT_RUN}; it is '${language}'`);
    }
    i = end;
  }
  return examples;
}

/** The file and line of a line of an example. */
export const placeOf = ({ file, line }: Example, lineOfCode: number): string => `${file}:${line + lineOfCode - 1}`;

/**
 * The code, with an import of what it uses of the package unless it has its own. Line numbers do
 * not change.
 */
export function withImports({ code }: Example, exported: readonly string[]): string {
  if (/\bfrom 'rsqrt'/.test(code)) return code;
  const used = exported.filter((name) => new RegExp(`\\b${name}\\b`).test(code));
  return `import { ${used.join(', ')} } from 'rsqrt'; ${code}`;
}

/** The names that a declaration file exports, of values and of types. */
export function exportsOf(declarations: string): string[] {
  const program = ts.createProgram([declarations], { noLib: true, types: [] });
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(declarations) as ts.SourceFile;
  return checker.getExportsOfModule(checker.getSymbolAtLocation(file) as ts.Symbol).map(({ name }) => name);
}

/** What statements print, by the line of code where they begin. */
export type Printed = Record<number, string>;

/**
 * What the comments of an example promise, and the lines whose comments would not be checked.
 *
 * The line comments after an expression statement, and on the lines directly below it, are what it
 * prints or, if it prints nothing, its value.
 */
export function promisesOf({ code }: Example): { promised: Printed; unchecked: number[] } {
  const source = ts.createSourceFile('example.ts', code, ts.ScriptTarget.ES2022, true);
  const lines = code.split('\n');
  const promised: Printed = {};
  const unchecked: number[] = [];
  const visit = (node: ts.Node): void => {
    const end = source.getLineAndCharacterOfPosition(node.end);
    const behind = commentIn(lines[end.line].slice(end.character));
    if (ts.isVariableStatement(node) && behind !== undefined) unchecked.push(end.line + 1);
    if (ts.isExpressionStatement(node)) {
      const texts = behind === undefined ? [] : [behind];
      for (let i = end.line + 1; i < lines.length; i++) {
        const text = commentIn(lines[i]);
        if (text === undefined) break;
        texts.push(text);
      }
      if (texts.length > 0) promised[lineOf(node, source)] = texts.join('\n');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { promised, unchecked };
}

const commentIn = (text: string): string | undefined => /^\s*\/\/ ?(.*)$/.exec(text)?.[1];

const lineOf = (node: ts.Node, source: ts.SourceFile): number =>
  source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;

/**
 * Wraps each expression statement, `x` becoming `leaveStatement(enterStatement(line), x)`: see
 * example-worker.mjs.
 */
export const observed: ts.TransformerFactory<ts.SourceFile> = (context) => (source) => {
  const { factory } = context;
  const call = (name: string, ...values: ts.Expression[]) =>
    factory.createCallExpression(factory.createIdentifier(name), undefined, values);
  const visit = (node: ts.Node): ts.Node => {
    const visited = ts.visitEachChild(node, visit, context);
    if (!ts.isExpressionStatement(visited)) return visited;
    const entered = call('enterStatement', factory.createNumericLiteral(lineOf(node, source)));
    return factory.updateExpressionStatement(visited, call('leaveStatement', entered, visited.expression));
  };
  return ts.visitNode(source, visit, ts.isSourceFile);
};
