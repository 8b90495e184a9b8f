#!/usr/bin/env node
// Estimates the packed size of the package with all its addons from those that are built here, and
// fails if it is too large: prebuilds/linux-x64.node and prebuilds/linux-arm64.node.
//
// An addon with another C library takes as much as the one measured. Those for macOS and Windows
// have no kernels for GPUs; they are counted with everything else of the Linux addon for the same
// processor, which is more than they have.

import { readFileSync } from 'node:fs';
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

function sizesOf(arch) {
  const target = targets.find(({ name }) => name === `linux-${arch}`);
  const content = readFileSync(prebuildFile(target));
  const bare = KERNELS.reduce((rest, section) => withoutSection(rest, section), content);
  return { linux: packed(content), other: packed(bare) };
}

try {
  const sizes = { x64: sizesOf('x64'), arm64: sizesOf('arm64') };
  let total = 0;
  for (const { name, platform, arch } of targets) {
    const size = sizes[arch][platform === 'linux' ? 'linux' : 'other'];
    total += size;
    console.log(`${kilobytes(size)}   prebuilds/${name}.node`);
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
