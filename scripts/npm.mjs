// Runs npm in the repository.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The JSON output of an npm command. Uses the npm that runs the calling script, if one does. */
export function npm(args) {
  const all = [...args, '--json', '--loglevel=error'];
  const cli = process.env.npm_execpath;
  const text = cli?.endsWith('npm-cli.js')
    ? run(process.execPath, [cli, ...all])
    : run('npm', all, { shell: process.platform === 'win32' });
  return JSON.parse(text);
}

/** The output of a command. Throws if it fails. */
export function run(command, args, options = {}) {
  const settings = { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26, ...options };
  const { status, error, stdout, stderr } = spawnSync(command, args, settings);
  if (status === 0) return stdout;
  throw new Error(`${path.basename(command)} ${args.join(' ')} failed: ${error?.message ?? (stderr || stdout).trim()}`);
}
