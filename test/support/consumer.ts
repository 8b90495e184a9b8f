/**
 * A user of the built package: a folder in which `rsqrt` resolves to it, and a strict compiler.
 */

import { mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import ts from 'typescript';
import { root } from './command';

/** Makes the folder, whose name must be quoted everywhere. The caller removes it. */
export function makeConsumer(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "rsqrt user's café "));
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(root, path.join(folder, 'node_modules', 'rsqrt'), 'dir');
  return folder;
}

/** A diagnostic of the compiler at a line of a file; line 0 if it is about the whole program. */
export interface Complaint {
  file: string;
  line: number;
  text: string;
}

/**
 * Compiles the files of a user strictly, for Node, with further `options`. Returns the diagnostics
 * and the program.
 */
export function compile(
  files: readonly string[],
  options: ts.CompilerOptions = {},
): { program: ts.Program; complaints: Complaint[] } {
  const program = ts.createProgram(files, {
    strict: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    typeRoots: [path.join(root, 'node_modules', '@types')],
    types: ['node'],
    ...options,
  });
  // Only the files of the user and of this package. Those of TypeScript and Node would take most of
  // the time.
  const sources = program.getSourceFiles().filter(({ fileName }) => !fileName.includes('/node_modules/'));
  const diagnostics = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...sources.flatMap((source) => program.getSyntacticDiagnostics(source)),
    ...sources.flatMap((source) => program.getSemanticDiagnostics(source)),
  ];
  return { program, complaints: diagnostics.map(complaintOf) };
}

function complaintOf({ file, start = 0, code, messageText }: ts.Diagnostic): Complaint {
  const text = `TS${code}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  if (file === undefined) return { file: '', line: 0, text };
  return { file: file.fileName, line: file.getLineAndCharacterOfPosition(start).line + 1, text };
}
