import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** Compiles unless `output` is newer than all `sources`. Throws an Error of one line. */
export function compile(compiler, flags, sources, output, libraries = []) {
  const time = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (sources.every((source) => time(source) < time(output))) return;
  mkdirSync(path.dirname(output), { recursive: true });
  try {
    execFileSync(compiler, [...flags, ...sources, '-o', output, ...libraries], { stdio: 'pipe' });
  } catch (error) {
    const reason = error.code === 'ENOENT' ? 'it is not installed' : String(error.stderr).match(/error: (.*)/)?.[1];
    throw new Error(`cannot be compiled with ${compiler}: ${reason ?? error.message}`);
  }
}
