/** Finds the native addon, loads it and opens a binding; explains every failure. */

import * as path from 'node:path';
import bindings from 'bindings';
import type { Addon, Binding } from '../binding';
import { createError, RsqrtError } from './errors';

const root = path.join(__dirname, '..');

/** One place to look for the addon. */
interface Candidate {
  readonly path: string;
  load(): Addon;
}

function candidates(): Candidate[] {
  const override = process.env.RSQRT_BINARY;
  if (override) {
    const file = path.resolve(override);
    return [{ path: file, load: () => require(file) as Addon }];
  }
  const local = ['build', 'Release', 'rsqrt.node'];
  const prebuild = path.join(root, 'prebuilds', `${process.platform}-${process.arch}.node`);
  return [
    {
      path: path.join(root, ...local),
      // module_root and try keep `bindings` from guessing by the call stack, which bundlers break.
      load: () => bindings({ bindings: 'rsqrt.node', module_root: root, try: [['module_root', ...local]] }) as Addon,
    },
    { path: prebuild, load: () => require(prebuild) as Addon },
  ];
}

function load(): Addon {
  const failures: string[] = [];
  for (const candidate of candidates()) {
    try {
      return candidate.load();
    } catch (error) {
      failures.push(`  ${candidate.path}: ${reason(error)}`);
    }
  }
  const remedy = process.env.RSQRT_BINARY
    ? 'RSQRT_BINARY must be the path of an rsqrt addon; unset it to use the one of this package.'
    : `Build it with: npm --prefix '${root}' run build`;
  throw new RsqrtError(
    'ERR_LOAD',
    `rsqrt could not load its native addon for ${process.platform}-${process.arch} (Node ${process.version}). Tried:\n` +
      `${failures.join('\n')}\n${remedy}`,
  );
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  // `bindings` and Node both say "not found" in several lines.
  return code === 'MODULE_NOT_FOUND' || /^Could not locate the bindings file/.test(message) ? 'not found' : message;
}

/** The binding that this copy of the package uses. `RSQRT_ISA` forces an instruction set. */
export const binding: Binding = load().open(process.env.RSQRT_ISA ?? '', createError);
