/** Runs Node programs with the built package, as a user would. */

import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { slowness } from './emulation';

export const root = path.join(__dirname, '..', '..');

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `node ...args` in the repository, for at most a minute unless a `timeout` is given. */
export function node(
  args: string[],
  options: {
    env?: Record<string, string | undefined>;
    input?: string;
    cwd?: string;
    /** The number of the user to run it as. */
    uid?: number;
    /** In milliseconds, at the usual speed. */
    timeout?: number;
  } = {},
): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    input: options.input,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    uid: options.uid,
    gid: options.uid,
    timeout: (options.timeout ?? 60_000) * slowness,
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}
