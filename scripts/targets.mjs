// The systems for which the package has an addon: prebuilds/<name>.node.

import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {{ name: string, platform: string, arch: string, libc: 'glibc' | 'musl' | null }} Target */

/** `platform` and `arch` as Node names them; `libc` on Linux alone. @type {Target[]} */
export const targets = [
  { name: 'linux-x64', platform: 'linux', arch: 'x64', libc: 'glibc' },
  { name: 'linux-x64-musl', platform: 'linux', arch: 'x64', libc: 'musl' },
  { name: 'linux-arm64', platform: 'linux', arch: 'arm64', libc: 'glibc' },
  { name: 'linux-arm64-musl', platform: 'linux', arch: 'arm64', libc: 'musl' },
  { name: 'darwin-arm64', platform: 'darwin', arch: 'arm64', libc: null },
  { name: 'darwin-x64', platform: 'darwin', arch: 'x64', libc: null },
  { name: 'win32-x64', platform: 'win32', arch: 'x64', libc: null },
  { name: 'win32-arm64', platform: 'win32', arch: 'arm64', libc: null },
];

export const prebuilds = fileURLToPath(new URL('../prebuilds', import.meta.url));

/** The path of a target's addon. */
export const prebuildFile = (target) => path.join(prebuilds, `${target.name}.node`);

/**
 * The targets in a comma-separated list of names: 'linux' means all for Linux, and 'all' all.
 * Throws for any other name.
 */
export function targetsNamed(list) {
  return list.split(',').flatMap((name) => {
    const found = targets.filter((target) => name === 'all' || name === target.name || name === target.platform);
    if (found.length === 0) {
      throw new Error(
        `'${name}' is no target; expected ${targets.map((target) => target.name).join(', ')}, a platform or all`,
      );
    }
    return found;
  });
}
