/** The system that this process runs on. */

import { readFileSync } from 'node:fs';
import { type Libc, readBinary } from './binary';

/** The C library of this process. Null on other systems than Linux. */
export const libc: Libc | null = process.platform === 'linux' ? findLibc() : null;

/**
 * Reads the executable. `process.report` takes milliseconds, may query the network for host names,
 * and in Bun and Deno reports glibc on musl. It is used only if the executable cannot be read or is
 * the loader itself.
 */
function findLibc(): Libc {
  try {
    return readBinary(process.execPath).libc ?? libcOfReport();
  } catch {
    return libcOfReport();
  }
}

function libcOfReport(): Libc {
  const { bun, deno } = process.versions;
  if (bun || deno) return 'glibc';
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  const saved = report.excludeNetwork;
  report.excludeNetwork = true;
  try {
    const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
    return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  } finally {
    report.excludeNetwork = saved;
  }
}

/**
 * The name of this platform in scripts/targets.mjs, which is the name of its prebuild if there is
 * one.
 */
export const target = `${process.platform}-${process.arch}${libc === 'musl' ? '-musl' : ''}`;

/**
 * 'glibc 2.36' or 'musl'. Null on other systems than Linux. The version is that of the library in
 * use; it is left out if it cannot be read.
 */
export function libcText(): string | null {
  if (libc !== 'glibc') return libc;
  try {
    const file = /\/.*\/libc(-[\d.]+)?\.so(\.6)?$/m.exec(readFileSync('/proc/self/maps', 'latin1'))?.[0] ?? '';
    const version = /GNU C Library .* release version (\d+\.\d+)/.exec(readFileSync(file, 'latin1'))?.[1];
    return version === undefined ? libc : `${libc} ${version}`;
  } catch {
    return libc;
  }
}

/** 'Bun 1.3.2', 'Deno 2.5.0' or 'Electron 38.0.0'. Null in Node itself. */
export function runtimeText(): string | null {
  const { bun, deno, electron } = process.versions;
  if (bun) return `Bun ${bun}`;
  if (deno) return `Deno ${deno}`;
  if (electron) return `Electron ${electron}`;
  return null;
}
