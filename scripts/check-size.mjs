#!/usr/bin/env node
// Estimates the packed size of the package with all its addons from those for Linux that are built
// here, and fails if it is too large. (packages.yml packs all of them.)
//
// Only linux-x64 has CUDA. An addon that is not here is counted as one that is, for the same
// processor, without its kernels for GPUs: at least as much as it takes, because the CUDA runtime is
// still in it. A processor of which there is no addon is left out, and a line says so.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { LARGEST_PACKED } from './check-package.mjs';
import { filesToPack, root } from './packing.mjs';
import { withoutSection } from './read-binary.mjs';
import { prebuildFile, targets } from './targets.mjs';

/** The sections in which nvcc puts the kernels. */
const KERNELS = ['.nv_fatbin', '__nv_relfatbin'];

const kilobytes = (bytes) => `${(bytes / 1e3).toFixed(0).padStart(6)} kB`;
const packed = (content) => gzipSync(content, { level: 9 }).length;

const content = (target) => readFileSync(prebuildFile(target));
const withoutKernels = (addon) => KERNELS.reduce((rest, section) => withoutSection(rest, section), addon);

/** The bytes that the addon of a target takes, or null if none for its processor is here. */
function sizeOf(target) {
  if (existsSync(prebuildFile(target))) return packed(content(target));
  const others = targets.filter(
    (other) => other.platform === 'linux' && other.arch === target.arch && existsSync(prebuildFile(other)),
  );
  if (others.length === 0) return null;
  return Math.min(...others.map((other) => packed(withoutKernels(content(other)))));
}

try {
  let total = 0;
  if (!targets.some((target) => existsSync(prebuildFile(target)))) throw new Error('no addon is in prebuilds/');
  for (const target of targets) {
    const size = sizeOf(target);
    total += size ?? 0;
    const file = `prebuilds/${target.name}.node`;
    console.log(
      size === null ? `left out: ${file}: no addon for ${target.arch} is here` : `${kilobytes(size)}   ${file}`,
    );
  }
  const files = filesToPack().filter((file) => !file.startsWith('prebuilds/'));
  const rest = packed(Buffer.concat(files.map((file) => readFileSync(path.join(root, file)))));
  total += rest;
  console.log(`${kilobytes(rest)}   ${files.length} other files`);
  console.log(`${kilobytes(total)}   in all; the package must stay below ${kilobytes(LARGEST_PACKED).trim()}`);
  if (total >= LARGEST_PACKED) throw new Error(`the package would have about ${total} bytes packed`);
} catch (error) {
  console.error(`check-size: ${error.message}`);
  process.exitCode = 1;
}
