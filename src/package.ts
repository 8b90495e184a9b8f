/**
 * The files of this package that are not in its bundle. This file must stay directly in src/: then
 * the paths in it are right here and in dist/, which lie beside each other.
 */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { libc } from './load/host';

/** The folder of this file, or of the bundle that it is part of. Null in a bundle of ES modules. */
export const folder = typeof __dirname === 'string' ? __dirname : null;

// Read at run time, because package.json is beside both dist/ and src/.
/** The version of this package. */
export const { version } = require('../package.json') as { version: string };

/**
 * The folder of this package. Null in a bundle, which has neither a local build nor a folder of
 * prebuilds.
 */
export function findRoot(): string | null {
  if (folder === null) return null;
  const root = path.join(folder, '..');
  try {
    const { name } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { name?: string };
    return name === 'rsqrt' ? root : null;
  } catch {
    return null;
  }
}

/**
 * A function that loads the prebuild of this platform. Undefined if the package has none. Each path
 * is spelled out so that bundlers find the files. Bundlers that know `process.platform` and
 * `process.arch` as constants leave out the files of other platforms.
 */
export function prebuildLoader(): (() => unknown) | undefined {
  if (process.platform === 'linux') {
    if (process.arch === 'x64') {
      return libc === 'musl'
        ? () => require('../prebuilds/linux-x64-musl.node')
        : () => require('../prebuilds/linux-x64.node');
    }
    if (process.arch === 'arm64') {
      return libc === 'musl'
        ? () => require('../prebuilds/linux-arm64-musl.node')
        : () => require('../prebuilds/linux-arm64.node');
    }
  }
  if (process.platform === 'darwin') {
    if (process.arch === 'arm64') return () => require('../prebuilds/darwin-arm64.node');
    if (process.arch === 'x64') return () => require('../prebuilds/darwin-x64.node');
  }
  if (process.platform === 'win32') {
    if (process.arch === 'x64') return () => require('../prebuilds/win32-x64.node');
    if (process.arch === 'arm64') return () => require('../prebuilds/win32-arm64.node');
  }
  return undefined;
}
