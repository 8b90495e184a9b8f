/** Explains why no addon could be loaded, and what to do about it. */

import { existsSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { RsqrtError } from '../support/errors';
import { BinaryError } from './binary';
import { libcText, runtimeText, target } from './host';

/**
 * How an addon was found: by RSQRT_BINARY, as a local build in the folder of the package, or as a
 * prebuild in the package.
 */
export type AddonSource = 'override' | 'local build' | 'prebuild';

/** Why a candidate was not loaded. */
export interface Failure {
  readonly source: AddonSource;
  /** Null if only the bundler knows it. */
  readonly path: string | null;
  /**
   * 'unsupported': the package has no prebuild for this system. 'unfit': the system lacks something
   * that the binary needs. 'refused': the file system or the runtime does not allow loading it.
   */
  readonly kind: BinaryError['kind'] | 'unsupported' | 'unfit' | 'unreadable' | 'refused' | 'unknown';
  /** One clause. */
  readonly reason: string;
  /** What to do, if that does not follow from the kind. */
  readonly remedy?: string;
}

interface Diagnosis extends Pick<Failure, 'kind' | 'remedy'> {
  /** Matches the loader's message. */
  readonly pattern: RegExp;
  /** What the message means, if that is not obvious. */
  readonly meaning?: string;
}

/** Messages of loaders. The first that matches counts. */
const DIAGNOSES: readonly Diagnosis[] = [
  { pattern: /version [`']GLIBC_.* not found/, kind: 'unfit', meaning: 'glibc is too old' },
  { pattern: /version [`'](GLIBCXX|CXXABI)_.* not found/, kind: 'unfit', meaning: 'libstdc++ is too old' },
  {
    pattern: /: cannot open shared object file: No such file|Error loading shared library/,
    kind: 'unfit',
    meaning: 'a library that it needs is not installed',
  },
  {
    pattern: /undefined symbol|Error relocating|symbol not found/i,
    kind: 'unfit',
    meaning: 'built for other libraries than those of this system, or for a newer Node',
  },
  { pattern: /did not self-register/, kind: 'foreign', meaning: 'not an addon for Node-API' },
  {
    pattern: /failed to map segment|Operation not permitted/,
    kind: 'refused',
    remedy: 'The file system may be mounted with noexec: install the package where files may be executed.',
  },
  { pattern: /permission denied/i, kind: 'unreadable' },
  {
    pattern: /loading addons is disabled/,
    kind: 'refused',
    remedy: 'Run Node without --no-addons; with --permission, also with --allow-addons.',
  },
  { pattern: /ffi access/, kind: 'refused', remedy: 'Run Deno with --allow-ffi.' },
];

/** Describes an error that was thrown. */
export function failureOf(thrown: unknown, source: AddonSource, file: string | null): Failure {
  const failure = { source, path: file };
  // Node also reports MODULE_NOT_FOUND for a file that exists but cannot be reached, and for
  // modules that a file requires in turn. So ask the file system whether the file is really
  // missing.
  const error = (file === null || thrown instanceof BinaryError ? null : obstacleTo(file)) ?? thrown;
  if (error instanceof BinaryError) return { ...failure, kind: error.kind, reason: error.message };
  const { code, message } = error as NodeJS.ErrnoException;
  if (file === null && code === 'MODULE_NOT_FOUND' && /\.node'/.test(message)) {
    return { ...failure, kind: 'missing', reason: 'not found' };
  }
  // Our message already begins with the path, and the lines after the first are not the reason.
  // Node 20.17 decodes the path as Latin-1.
  const misread = Buffer.from(String(file)).toString('latin1');
  const said = message
    .replace(`${file}: `, '')
    .replace(`${misread}: `, '')
    .replace(`, open '${file}'`, '')
    .replace(`, stat '${file}'`, '')
    .split('\n')[0];
  const diagnosis = DIAGNOSES.find(({ pattern }) => pattern.test(said));
  if (!diagnosis) return { ...failure, kind: 'unknown', reason: said };
  const { kind, meaning, remedy } = diagnosis;
  return { ...failure, kind, reason: meaning === undefined ? said : `${meaning}: ${said}`, remedy };
}

/**
 * The error of the file system if a file cannot be reached. Null if it can, or if this process may
 * not ask.
 */
function obstacleTo(file: string): Error | null {
  try {
    statSync(file);
    return null;
  } catch (error) {
    const { code, errno } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return new BinaryError('missing', 'not found');
    return errno === undefined ? null : (error as Error);
  }
}

/**
 * The error for the candidates that were tried. `root` is the folder of the package, and null in a
 * bundle.
 */
export function loadError(failures: readonly Failure[], root: string | null): RsqrtError {
  const versions = [libcText(), runtimeText(), `Node ${process.version}`].filter((text) => text !== null).join(', ');
  return new RsqrtError(
    'ERR_LOAD',
    [
      `rsqrt could not load its native addon on ${process.platform}-${process.arch} (${versions}). Tried:`,
      ...failures.map(lineOf),
      remedyFor(failures, root),
    ].join('\n'),
  );
}

function lineOf({ path: file, source, kind, reason }: Failure): string {
  if (kind === 'unsupported') return `  ${source}: ${reason}`;
  return `  ${file ?? `prebuilds/${target}.node, as it was bundled`} (${source}): ${reason}`;
}

/**
 * What to do about the last candidate, which is the one that normally works without any action of
 * the user.
 */
function remedyFor(failures: readonly Failure[], root: string | null): string {
  const { source, path: file, kind, remedy } = failures[failures.length - 1];
  if (remedy !== undefined) return remedy;
  if (kind === 'unreadable') return `Let this user read it, with: chmod -R a+rX ${quoted(root ?? String(file))}`;
  if (source === 'override') {
    return 'RSQRT_BINARY must be the path of an rsqrt addon; unset it to use the one of this package.';
  }
  if (root === null)
    return 'See docs/installing.md of rsqrt on bundlers, or set RSQRT_BINARY to the path of an rsqrt addon.';
  // src/ is in the repository but not in the package.
  if (existsSync(path.join(root, 'src'))) return `Build it with: npm --prefix ${quoted(root)} run build`;
  if (kind === 'missing' || kind === 'damaged' || kind === 'foreign') {
    // If the folder stays, package managers do not look into it, not even with --force.
    const remove = process.platform === 'win32' ? 'rmdir /s /q' : 'rm -r';
    const manager = /[\\/]\.(pnpm|yarn)[\\/]/.exec(root)?.[1] ?? 'npm';
    return `Install the package again with: ${remove} ${quoted(root)} && ${manager} install`;
  }
  return 'Build it for this system with: npx rsqrt build';
}

/** A path, quoted for a shell. */
const quoted = (file: string): string =>
  process.platform === 'win32' ? `"${file}"` : `'${file.replaceAll("'", "'\\''")}'`;
