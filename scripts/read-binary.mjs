// Reads what a shared library is for, as the loader does (src/load/binary.ts), and whether it is
// stripped, which no loader checks.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { transformSync } from 'esbuild';

// The oldest supported Node does not import TypeScript.
const source = readFileSync(new URL('../src/load/binary.ts', import.meta.url), 'utf8');
const { code } = transformSync(source, { loader: 'ts' });
const { BinaryError, readBinary } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

/**
 * Describes a library. Null if the file is not a known library or is cut off.
 *
 * @param {Buffer} content
 * @returns {{ platform: string, archs: string[], libc: 'glibc' | 'musl' | null } | null} as Node names them
 */
export function describeBinary(content) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'rsqrt-binary-'));
  try {
    const file = path.join(folder, 'rsqrt.node');
    writeFileSync(file, content);
    return readBinary(file);
  } catch (error) {
    if (error instanceof BinaryError) return null;
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Whether a library that {@link describeBinary} accepts has no symbols except exported ones, and no
 * debugging information.
 */
export const isStripped = (content, { platform }) =>
  ({ linux: isStrippedElf, darwin: isStrippedMachO, win32: isStrippedPe })[platform](content);

const textAt = (content, at) => content.toString('latin1', at, content.indexOf(0, at));

/** The sections of an ELF file of 64 bits, little-endian. Offsets and sizes are in bytes. */
function sectionsOfElf(content) {
  const [start, size, count, names] = [
    Number(content.readBigUInt64LE(40)),
    ...[58, 60, 62].map((at) => content.readUInt16LE(at)),
  ];
  const header = (section) => content.subarray(start + section * size, start + (section + 1) * size);
  const numberAt = (section, at) => Number(header(section).readBigUInt64LE(at));
  const strings = numberAt(names, 24);
  return Array.from({ length: count }, (_, i) => ({
    name: textAt(content, strings + header(i).readUInt32LE(0)),
    offset: numberAt(i, 24),
    size: numberAt(i, 32),
  }));
}

const isStrippedElf = (content) =>
  !sectionsOfElf(content).some(({ name }) => name === '.symtab' || name.startsWith('.debug_'));

/** A copy of an ELF file in which a section is all zeros, if the file has it. */
export function withoutSection(content, name) {
  const copy = Buffer.from(content);
  const section = sectionsOfElf(content).find((each) => each.name === name);
  if (section !== undefined) copy.fill(0, section.offset, section.offset + section.size);
  return copy;
}

function isStrippedMachO(content) {
  const [LC_SYMTAB, LC_SEGMENT_64] = [2, 25];
  const N_STAB = 0xe0; // a symbol for debuggers
  for (let i = 0, at = 32; i < content.readUInt32LE(16); i++, at += content.readUInt32LE(at + 4)) {
    const command = content.readUInt32LE(at);
    if (command === LC_SEGMENT_64 && textAt(content, at + 8) === '__DWARF') return false;
    if (command !== LC_SYMTAB) continue;
    const [symbols, count] = [content.readUInt32LE(at + 8), content.readUInt32LE(at + 12)];
    const types = Array.from({ length: count }, (_, symbol) => content.readUInt8(symbols + symbol * 16 + 4));
    if (types.some((type) => (type & N_STAB) !== 0)) return false;
  }
  return true;
}

/** By the number of symbols. */
const isStrippedPe = (content) => content.readUInt32LE(content.readUInt32LE(60) + 16) === 0;
