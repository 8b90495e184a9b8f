/** Says why no addon could be loaded, and what to do about it. */

import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { BinaryError } from './binary';
import { RsqrtError } from './errors';
import { libcText, runtimeText, target } from './host';

/** How an addon is found: by RSQRT_BINARY, by building it in the folder of the package, or in the package. */
export type AddonSource = 'override' | 'local build' | 'prebuild';

/** Why a candidate was not loaded. */
export interface Failure {
  readonly source: AddonSource;
  /** Null where only a bundler knows. */
  readonly path: string | null;
  /** 'unsupported': the package brings none; 'unfit': the system lacks what the binary needs; 'refused': what has the say here does not let it be loaded. */
  readonly kind: BinaryError['kind'] | 'unsupported' | 'unfit' | 'refused' | 'unknown';
  /** One clause. */
  readonly reason: string;
  /** Where the kind alone does not tell: what to do. */
  readonly remedy?: string;
}

type Diagnosis = Pick<Failure, 'kind' | 'reason' | 'remedy'>;

/** What loaders say, and what it means. The first that matches counts. */
const DIAGNOSES: readonly [RegExp, (found: string, message: string) => Diagnosis][] = [
  [
    /version [`'](GLIBC_[\d.]+)' not found/,
    (version) => ({ kind: 'unfit', reason: `needs ${version}; this system has ${libcText()}` }),
  ],
  [
    /version [`']((?:GLIBCXX|CXXABI)_[\d.]+)' not found/,
    (version) => ({ kind: 'unfit', reason: `needs ${version}, which the libstdc++ of this system does not have` }),
  ],
  [
    /(?:^|Error loading shared library )(\S+): (?:cannot open shared object file: )?No such file/,
    (library) => ({ kind: 'unfit', reason: `needs the library ${library}, which is not installed` }),
  ],
  [/Error relocating|undefined symbol|symbol not found/i, (_, message) => ({ kind: 'unfit', reason: message })],
  [
    /Module did not self-register/,
    () => ({ kind: 'foreign', reason: 'not an addon for Node: it does not register itself' }),
  ],
  [
    /failed to map segment|Operation not permitted/,
    (_, message) => ({
      kind: 'refused',
      reason: message,
      remedy: 'The file system may be mounted with noexec: install where files may be executed.',
    }),
  ],
  [
    /Permission denied|EACCES/,
    (_, message) => ({ kind: 'refused', reason: message, remedy: 'Let this user read the file and its folders.' }),
  ],
  [
    /loading addons is disabled/,
    (_, message) => ({
      kind: 'refused',
      reason: message,
      remedy: 'Run Node without --no-addons, or with --allow-addons.',
    }),
  ],
  [/--allow-ffi/, (_, message) => ({ kind: 'refused', reason: message, remedy: 'Run Deno with --allow-ffi.' })],
];

/** What was thrown, in words. */
export function failureOf(error: unknown, source: AddonSource, file: string | null): Failure {
  if (error instanceof BinaryError) return { source, path: file, kind: error.kind, reason: error.message };
  const { code, message: text } = error as NodeJS.ErrnoException;
  if (code === 'MODULE_NOT_FOUND') return { source, path: file, kind: 'missing', reason: 'not found' };
  // The path stands before it already, and what follows in other lines is no reason.
  const message = String(text).replace(`${file}: `, '').split('\n')[0];
  for (const [pattern, diagnose] of DIAGNOSES) {
    const match = pattern.exec(message);
    if (match) return { source, path: file, ...diagnose(match[1], message) };
  }
  return { source, path: file, kind: 'unknown', reason: message };
}

/** The error for what was tried; the root of the package is null in a bundle. */
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

/** What to do: about the last candidate, which is the one that works without anyone's doing. */
function remedyFor(failures: readonly Failure[], root: string | null): string {
  const { source, kind, remedy } = failures[failures.length - 1];
  if (source === 'override') {
    return 'RSQRT_BINARY must be the path of an rsqrt addon; unset it to use the one of this package.';
  }
  if (remedy !== undefined) return remedy;
  if (root === null)
    return 'See docs/installing.md of rsqrt on bundlers, or set RSQRT_BINARY to the path of an rsqrt addon.';
  // src/ is in the repository and not in the package.
  if (existsSync(path.join(root, 'src'))) return `Build it with: npm --prefix ${quoted(root)} run build`;
  if (kind === 'missing' || kind === 'damaged' || kind === 'foreign') {
    const remove = process.platform === 'win32' ? 'rmdir /s /q' : 'rm -r';
    return `Install the package again with: ${remove} ${quoted(root)} && npm install`;
  }
  return 'Build it for this system with: npx rsqrt build';
}

/** A path as a shell takes it. */
const quoted = (file: string): string =>
  process.platform === 'win32' ? `"${file}"` : `'${file.replaceAll("'", "'\\''")}'`;
