/** What this process runs on. */

import { readFileSync } from 'node:fs';
import { type Libc, readBinary } from './binary';

/** The C library of this process; null off Linux. */
export const libc: Libc | null = process.platform === 'linux' ? findLibc() : null;

/**
 * The executable tells. `process.report` would not do: it takes milliseconds, may ask the network for names, and Bun and Deno
 * report glibc on musl. Node is asked for it where its executable may not be read, or is the loader itself.
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

/** This platform in the words of scripts/targets.mjs: the name of its prebuild, should there be one. */
export const target = `${process.platform}-${process.arch}${libc === 'musl' ? '-musl' : ''}`;

/** 'glibc 2.36', 'musl', or null off Linux. The version is that of the library in use; left out where it cannot be read. */
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

/** 'Bun 1.3.2', 'Deno 2.5.0' or 'Electron 38.0.0'; null in Node itself. */
export function runtimeText(): string | null {
  const { bun, deno, electron } = process.versions;
  if (bun) return `Bun ${bun}`;
  if (deno) return `Deno ${deno}`;
  if (electron) return `Electron ${electron}`;
  return null;
}
