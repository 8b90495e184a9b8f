// NVIDIA's compute-sanitizer, which comes with the CUDA toolkit.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { runLimited } from './run-limited.mjs';

export const TOOLS = ['memcheck', 'racecheck', 'initcheck', 'synccheck'];

/** Told apart from what the program itself may end with. */
const FOUND = 86;
const LINES_KEPT = 60;

/** Its path, from PATH or a toolkit in /usr/local, or null. */
export function findSanitizer() {
  const toolkits = existsSync('/usr/local') ? readdirSync('/usr/local').filter((name) => name.startsWith('cuda')) : [];
  const folders = [
    ...(process.env.PATH ?? '').split(path.delimiter),
    ...toolkits.map((name) => `/usr/local/${name}/bin`),
  ];
  return folders.map((folder) => path.join(folder, 'compute-sanitizer')).find((file) => existsSync(file)) ?? null;
}

/**
 * Runs a Node program under a tool, for at most `seconds`. It is clean if the program ran to its
 * end, the tool prints its summary, and the summary counts nothing. `findings` are the first lines
 * of the tool.
 */
export async function runSanitizer(sanitizer, tool, program, seconds) {
  const args = ['--tool', tool, '--error-exitcode', String(FOUND), process.execPath, ...program];
  const begin = Date.now();
  const { status, signal, timedOut, stdout, stderr } = await runLimited(sanitizer, args, { seconds, capture: true });
  const output = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
  const lines = output.filter((line) => line.startsWith('========='));
  const summary = lines.findLast((line) => /SUMMARY:/.test(line)) ?? null;
  const clean = status === 0 && summary !== null && /SUMMARY: 0 /.test(summary);
  return {
    clean,
    exitCode: status,
    ended: endOf({ status, signal, timedOut }),
    summary: summary?.replace(/^=+ /, '') ?? null,
    findings: clean ? [] : (lines.length > 0 ? lines : output).slice(0, LINES_KEPT),
    seconds: (Date.now() - begin) / 1000,
  };
}

function endOf({ status, signal, timedOut }) {
  if (timedOut) return 'because its time was up';
  return status === FOUND ? 'with findings' : (signal ?? `with code ${status}`);
}
