/** Finds the native addon, loads it and opens a binding. Explains every failure. */

import { createRequire } from 'node:module';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Addon, Binding } from '../../binding';
import { findRoot, folder, prebuildLoader } from '../package';
import { createError } from '../support/errors';
import { warnOnce } from '../support/warnings';
import { BinaryError, checkBinary } from './binary';
import { libc, target } from './host';
import { type AddonSource, type Failure, failureOf, loadError } from './load-error';

/**
 * Loads an addon by its path. No other package is needed for that, so none can be missing. The
 * `require` of a bundle or of a single-executable application may not load files.
 */
function requireFile(file: string): unknown {
  // `require` would run any other file as JavaScript.
  if (!file.endsWith('.node')) throw new BinaryError('foreign', "its name does not end with '.node'");
  return createRequire(file)(file);
}

/** The addon that `rsqrt build` or `npm run build` made, from the root of the package. */
const localBuild = path.join('build', 'Release', 'rsqrt.node');

/**
 * Unwraps what a bundler put in place of the addon's file: the addon, its path or URL, or a module
 * whose default export is one of these.
 */
const unwrap = (loaded: unknown): unknown => (loaded as { default?: unknown } | null | undefined)?.default ?? loaded;

/** The file that a bundler copied the addon to. */
function assetFile(asset: string): string {
  if (asset.startsWith('data:')) throw new BinaryError('damaged', 'put into the bundle as text; it must stay a file');
  if (asset.startsWith('file:')) return fileURLToPath(asset);
  return path.resolve(folder ?? path.dirname(process.argv[1]), asset);
}

/** An addon and how it was found. */
interface Found {
  readonly addon: Addon;
  readonly source: AddonSource;
  /** Null if only the bundler knows it. */
  readonly path: string | null;
}

/**
 * Throws if a file is known not to be for this system. If the file cannot be read, the loader's own
 * error is more helpful.
 */
function check(file: string): void {
  try {
    checkBinary(file, { platform: process.platform, arch: process.arch, libc });
  } catch (error) {
    if (error instanceof BinaryError) throw error;
  }
}

/** Checks and loads one candidate. `file` is null if only the bundler knows it. */
function load(source: AddonSource, file: string | null, requireIt: () => unknown): Found | Failure {
  try {
    if (file !== null) check(file);
    const loaded = unwrap(requireIt());
    if (typeof loaded === 'string') {
      const asset = assetFile(loaded);
      return load(source, asset, () => requireFile(asset));
    }
    if (loaded === undefined) throw new BinaryError('missing', 'nothing where the addon should be');
    if (typeof (loaded as Partial<Addon> | null)?.open !== 'function') {
      throw new BinaryError('foreign', 'an addon, but not that of rsqrt: it has no function open');
    }
    return { addon: loaded as Addon, source, path: file };
  } catch (error) {
    return failureOf(error, source, file);
  }
}

function loadOverride(override: string): Found {
  const file = path.resolve(override);
  const found = load('override', file, () => requireFile(file));
  if ('addon' in found) return found;
  throw loadError([found], null);
}

function loadOwn(): Found {
  const root = findRoot();
  const failures: Failure[] = [];
  if (root !== null) {
    const file = path.join(root, localBuild);
    const found = load('local build', file, () => requireFile(file));
    if ('addon' in found) return found;
    failures.push(found);
  }
  const requirePrebuild = prebuildLoader();
  const found: Found | Failure = requirePrebuild
    ? load('prebuild', root === null ? null : path.join(root, 'prebuilds', `${target}.node`), requirePrebuild)
    : { source: 'prebuild', path: null, kind: 'unsupported', reason: `the package brings none for ${target}` };
  if (!('addon' in found)) throw loadError([...failures, found], root);
  // A user who built the addon wants it to be used. But if the build came from another system, the
  // package should still work.
  const [local] = failures;
  if (local && local.kind !== 'missing') {
    warnOnce(
      'RSQRT_LOCAL_BUILD',
      `the local build ${local.path} is not used but the prebuild, because it cannot be loaded (${local.reason}); build it again or delete it`,
    );
  }
  return found;
}

const found = process.env.RSQRT_BINARY ? loadOverride(process.env.RSQRT_BINARY) : loadOwn();

/** Where the addon in use came from. */
export const origin = { source: found.source, path: found.path };

/**
 * The binding that this copy of the package uses. `RSQRT_ISA` forces an instruction set.
 *
 * A copy, because V8 looks up the properties of the object itself, which native code made, in a
 * dictionary: 10 ns for each call.
 */
export const binding: Binding = { ...found.addon.open(process.env.RSQRT_ISA ?? '', createError) };
