/** Compiles libraries and addons in C for tests. */

import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { skip } from './coverage';

/**
 * Compiles a file of this folder into a library or a Node addon. Returns whether that succeeded. If
 * there is no compiler, this is noted as the reason why `suite` is skipped.
 */
export function compileShared(source: string, output: string, suite: string): boolean {
  const headers = require('node-api-headers').include_dir as string;
  const compiler = process.env.CC ?? 'cc';
  const options = ['-shared', '-fPIC', '-O1', `-I${headers}`, '-o', output, path.join(__dirname, source)];
  const { status, error, stderr } = spawnSync(compiler, options, { encoding: 'utf8' });
  if (status === 0) return true;
  if (!error) throw new Error(`${compiler} could not compile ${source}: ${stderr}`);
  skip(suite, `the C compiler ${compiler} was not found`);
  return false;
}
