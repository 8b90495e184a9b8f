/**
 * Reads the headers of a native binary without loading it. `dlopen` of a truncated file can end the
 * process with a signal, and its messages about a file for another system are hard to understand.
 */

import { closeSync, fstatSync, lstatSync, openSync, readSync } from 'node:fs';

/**
 * The system that a binary was built for, in the terms of `process.platform` and `process.arch`.
 */
export interface Binary {
  readonly platform: 'linux' | 'darwin' | 'win32';
  /** More than one in a universal binary of macOS. */
  readonly archs: readonly string[];
  /** On Linux, the C library that it is linked with. Null if it names no known one. */
  readonly libc: Libc | null;
}

export type Libc = 'glibc' | 'musl';

/**
 * Why a file cannot be loaded: it does not exist, is not a complete binary, or is built for another
 * system or program.
 */
export class BinaryError extends Error {
  constructor(
    readonly kind: 'missing' | 'damaged' | 'foreign',
    message: string,
  ) {
    super(message);
    this.name = 'BinaryError';
  }
}

/**
 * Reads the headers of a file. Throws {@link BinaryError}, or the file system's error if the file
 * cannot be read.
 */
export function readBinary(path: string): Binary {
  const descriptor = open(path);
  try {
    return read(new Bytes(descriptor));
  } catch (error) {
    // A count or offset in the headers is out of range.
    if ((error as Error).name === 'RangeError') throw new BinaryError('damaged', 'its headers contradict each other');
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** The system that a binary must have been built for. */
export interface Host {
  /** As `process.platform` tells. */
  readonly platform: string;
  /** As `process.arch` tells. */
  readonly arch: string;
  readonly libc: Libc | null;
}

/**
 * Throws {@link BinaryError} unless a file is a complete binary for a system. If the file cannot be
 * read, throws the file system's error.
 */
export function checkBinary(path: string, host: Host): void {
  const { platform, archs, libc } = readBinary(path);
  const format = host.platform === 'darwin' || host.platform === 'win32' ? host.platform : 'linux';
  // Unknown properties of the host or of the file do not count against the file.
  const otherArch = Object.values(ELF_MACHINES).includes(host.arch) && !archs.includes(host.arch);
  const otherLibc = libc !== null && host.libc !== null && libc !== host.libc;
  if (platform !== format || otherArch || otherLibc) {
    const built = archs.map((arch) => systemText(platform, arch, libc)).join(' and ');
    const here = systemText(host.platform, host.arch, host.libc);
    throw new BinaryError('foreign', `built for ${built}; this is ${here}`);
  }
}

const systemText = (platform: string, arch: string, libc: Libc | null): string =>
  `${platform}-${arch}${libc === null ? '' : ` with ${libc}`}`;

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    if (code === 'ENOENT' && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
      throw new BinaryError('damaged', 'a symbolic link to a file that is not there');
    }
    throw new BinaryError('missing', 'not found');
  }
}

/** The bytes of an open file. */
class Bytes {
  readonly size: number;
  private readonly descriptor: number;

  constructor(descriptor: number) {
    const stats = fstatSync(descriptor);
    if (stats.isDirectory()) throw new BinaryError('damaged', 'a folder, not a file');
    this.size = stats.size;
    this.descriptor = descriptor;
  }

  /** Reads bytes. Throws unless the file has all of them. */
  at(offset: number, length: number): Buffer {
    this.mustReach(offset + length);
    const bytes = Buffer.alloc(length);
    const count = readSync(this.descriptor, bytes, 0, length, offset);
    if (count < length) throw new BinaryError('damaged', `cut off: reading ends after ${offset + count} bytes`);
    return bytes;
  }

  /** Reads bytes, as many as the file has. */
  upTo(offset: number, length: number): Buffer {
    return this.at(offset, Math.max(0, Math.min(length, this.size - offset)));
  }

  mustReach(end: number): void {
    if (this.size < end) throw new BinaryError('damaged', `cut off: ${this.size} of ${end} bytes`);
  }
}

const LFS_POINTER = 'version https://git-lfs.github.com/spec/';

function read(file: Bytes): Binary {
  if (file.size === 0) throw new BinaryError('damaged', 'empty');
  const start = file.upTo(0, 64);
  const magic = start.length < 4 ? 0 : start.readUInt32BE(0);
  if (magic === 0x7f454c46) return readElf(file);
  if (magic === 0xcffaedfe) return readMachO(file, 0);
  if (magic === 0xcafebabe) return readUniversal(file);
  if (magic >>> 16 === 0x4d5a) return readPe(file);
  if (start.toString('latin1').startsWith(LFS_POINTER)) {
    throw new BinaryError('damaged', "a pointer of Git LFS in the binary's place; 'git lfs pull' fetches it");
  }
  const text = start.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
  throw new BinaryError('damaged', text ? 'text, not a binary' : 'not a binary of a format that is known');
}

const ELF_MACHINES: Record<number, string> = {
  3: 'ia32',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};

/**
 * Takes every ELF file for one of Linux. Nothing that all binaries of the BSDs have would tell them
 * apart.
 */
function readElf(file: Bytes): Binary {
  const header = file.at(0, 64);
  const wide = header[4] === 2;
  const little = header[5] === 1;
  const machine = little ? header.readUInt16LE(18) : header.readUInt16BE(18);
  const name = ELF_MACHINES[machine] ?? `machine ${machine}`;
  const archs = [!wide && name.endsWith('64') ? `${name} (32-bit)` : name];
  // Headers of 32-bit and big-endian files are laid out differently, and the package ships none.
  const libc = wide && little ? libcOf(readElfNames(file, header)) : null;
  return { platform: 'linux', archs, libc };
}

/** The loader that an executable names, or the libraries that a library needs. */
function readElfNames(file: Bytes, header: Buffer): string[] {
  // The section table is at the end of the file, so this check alone finds most truncated files.
  file.mustReach(word(header, 40) + header.readUInt16LE(58) * header.readUInt16LE(60));
  const [LOAD, DYNAMIC, INTERPRETER] = [1, 2, 3];
  const segments = tableOf(file, word(header, 32), header.readUInt16LE(54), header.readUInt16LE(56)).map((entry) => ({
    type: entry.readUInt32LE(0),
    offset: word(entry, 8),
    address: word(entry, 16),
    size: word(entry, 32),
  }));
  for (const { offset, size } of segments) file.mustReach(offset + size);
  const interpreter = segments.find(({ type }) => type === INTERPRETER);
  if (interpreter) return [file.at(interpreter.offset, interpreter.size - 1).toString('latin1')];

  const dynamic = segments.find(({ type }) => type === DYNAMIC);
  if (!dynamic) return [];
  const [NEEDED, STRINGS] = [1, 5];
  const entries = tableOf(file, dynamic.offset, 16, dynamic.size / 16).map((entry) => [word(entry, 0), word(entry, 8)]);
  const strings = entries.find(([tag]) => tag === STRINGS)?.[1] ?? 0;
  const home = segments.find(
    ({ type, address, size }) => type === LOAD && address <= strings && strings < address + size,
  );
  if (!home) return [];
  const stringsOffset = strings - home.address + home.offset;
  return entries
    .filter(([tag]) => tag === NEEDED)
    .map(
      ([, at]) =>
        file
          .upTo(stringsOffset + at, 64)
          .toString('latin1')
          .split('\0')[0],
    );
}

function libcOf(names: string[]): Libc | null {
  if (names.some((name) => /(^|\/)(ld-musl-|libc\.musl-|libc\.so$)/.test(name))) return 'musl';
  if (names.some((name) => /(^|\/)(ld-linux|ld64\.so|ld\.so|libc\.so\.6$)/.test(name))) return 'glibc';
  return null;
}

function readMachO(file: Bytes, start: number): Binary {
  const header = file.at(start, 32);
  const cpu = header.readUInt32LE(4);
  const commands = file.at(start + 32, header.readUInt32LE(20));
  const SEGMENT_64 = 0x19;
  for (let at = 0, left = header.readUInt32LE(16); left > 0 && at + 8 <= commands.length; left--) {
    if (commands.readUInt32LE(at) === SEGMENT_64)
      file.mustReach(start + word(commands, at + 40) + word(commands, at + 48));
    at += Math.max(8, commands.readUInt32LE(at + 4));
  }
  const arch = { 16777223: 'x64', 16777228: 'arm64' }[cpu] ?? `CPU type ${cpu}`;
  return { platform: 'darwin', archs: [arch], libc: null };
}

function readUniversal(file: Bytes): Binary {
  const count = file.at(0, 8).readUInt32BE(4);
  // Java class files begin with the same four bytes, followed by a version, which is larger.
  if (count > 20) throw new BinaryError('damaged', 'not a binary of a format that is known');
  const parts = tableOf(file, 8, 20, count).map((entry) => readMachO(file, entry.readUInt32BE(8)));
  return { platform: 'darwin', archs: parts.flatMap(({ archs }) => archs), libc: null };
}

function readPe(file: Bytes): Binary {
  const start = file.at(0, 64).readUInt32LE(60);
  const header = file.at(start, 24);
  if (header.toString('latin1', 0, 4) !== 'PE\0\0') throw new BinaryError('damaged', 'a program of MS-DOS');
  const sections = start + 24 + header.readUInt16LE(20);
  for (const section of tableOf(file, sections, 40, header.readUInt16LE(6))) {
    file.mustReach(section.readUInt32LE(20) + section.readUInt32LE(16));
  }
  const machine = header.readUInt16LE(4);
  const arch = { 332: 'ia32', 34404: 'x64', 43620: 'arm64' }[machine] ?? `machine ${machine}`;
  return { platform: 'win32', archs: [arch], libc: null };
}

/** The entries of a table, as views of its bytes. */
function tableOf(file: Bytes, offset: number, entrySize: number, count: number): Buffer[] {
  const bytes = file.at(offset, entrySize * count);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * entrySize, (i + 1) * entrySize));
}

/** A 64-bit number. An offset above 2^53 may be inexact, but it is past the end of any file. */
const word = (bytes: Buffer, offset: number): number => Number(bytes.readBigUInt64LE(offset));
