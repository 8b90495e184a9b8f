/** Makes minimal binaries with the headers of real ones, to test code that reads headers. */

export interface Target {
  name: string;
  platform: string;
  arch: string;
  libc: 'glibc' | 'musl' | null;
}

/** The numbers that stand for processors in the headers. */
export const machines = {
  linux: { x64: 62, arm64: 183 },
  darwin: { x64: 0x01000007, arm64: 0x0100000c },
  win32: { x64: 0x8664, arm64: 0xaa64 },
} as const;

/** A binary whose headers are those of an addon for a target. */
export function binaryFor({ platform, arch, libc }: Pick<Target, 'platform' | 'arch' | 'libc'>): Buffer {
  const cpu = arch as 'x64' | 'arm64';
  if (platform === 'darwin') return machO(machines.darwin[cpu]);
  if (platform === 'win32') return pe(machines.win32[cpu]);
  return elf({ machine: machines.linux[cpu], needed: [libc === 'musl' ? 'libc.so' : 'libc.so.6'] });
}

export interface Elf {
  machine?: number;
  /** The libraries that a library needs. */
  needed?: string[];
  /** The loader of an executable. */
  interpreter?: string;
  /** The name of a section, such as one for symbols or debugging information. */
  section?: string;
}

/**
 * 64-bit, little-endian: header, three program headers, strings, dynamic section, section headers
 * for the strings and one more.
 */
export function elf({
  machine = machines.linux.x64,
  needed = ['libc.so.6'],
  interpreter,
  section = '.text',
}: Elf = {}): Buffer {
  const strings = Buffer.from(
    `\0${[...needed, interpreter ?? '', '.shstrtab', section].map((name) => `${name}\0`).join('')}`,
    'latin1',
  );
  const stringAt = (name: string) => strings.indexOf(`\0${name}\0`, 0, 'latin1') + 1;
  const stringsAt = 64 + 3 * 56;
  const dynamicAt = stringsAt + strings.length;
  const dynamic = [...needed.map((name) => [1, stringAt(name)]), [5, 0x1000 + stringsAt], [0, 0]];
  const sectionsAt = dynamicAt + dynamic.length * 16;
  const file = Buffer.alloc(sectionsAt + 2 * 64);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(3, 16);
  file.writeUInt16LE(machine, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeBigUInt64LE(BigInt(sectionsAt), 40);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(3, 56);
  file.writeUInt16LE(64, 58);
  file.writeUInt16LE(2, 60);
  const segment = (index: number, type: number, offset: number, size: number) => {
    file.writeUInt32LE(type, 64 + index * 56);
    file.writeBigUInt64LE(BigInt(offset), 64 + index * 56 + 8);
    file.writeBigUInt64LE(BigInt(0x1000 + offset), 64 + index * 56 + 16);
    file.writeBigUInt64LE(BigInt(size), 64 + index * 56 + 32);
  };
  segment(0, 1, 0, sectionsAt);
  segment(1, 2, dynamicAt, dynamic.length * 16);
  if (interpreter !== undefined) segment(2, 3, stringsAt + stringAt(interpreter), interpreter.length + 1);
  file.set(strings, stringsAt);
  dynamic.forEach(([tag, value], i) => {
    file.writeBigUInt64LE(BigInt(tag), dynamicAt + i * 16);
    file.writeBigUInt64LE(BigInt(value), dynamicAt + i * 16 + 8);
  });
  // The first section has the names of both.
  file.writeUInt32LE(stringAt('.shstrtab'), sectionsAt);
  file.writeBigUInt64LE(BigInt(stringsAt), sectionsAt + 24);
  file.writeUInt32LE(stringAt(section), sectionsAt + 64);
  return file;
}

/** Header, one segment, four bytes in it. */
export function machO(cpu: number, segment = '__TEXT'): Buffer {
  const file = Buffer.alloc(32 + 72 + 4);
  file.writeUInt32LE(0xfeedfacf, 0);
  file.writeUInt32LE(cpu, 4);
  file.writeUInt32LE(1, 16);
  file.writeUInt32LE(72, 20);
  file.writeUInt32LE(0x19, 32);
  file.writeUInt32LE(72, 36);
  file.write(segment, 40, 'latin1');
  file.writeBigUInt64LE(104n, 32 + 40);
  file.writeBigUInt64LE(4n, 32 + 48);
  return file;
}

/** A universal binary of macOS. */
export function universal(...parts: Buffer[]): Buffer {
  const header = Buffer.alloc(8 + parts.length * 20);
  header.writeUInt32BE(0xcafebabe, 0);
  header.writeUInt32BE(parts.length, 4);
  let offset = header.length;
  parts.forEach((part, i) => {
    header.writeUInt32BE(offset, 8 + i * 20 + 8);
    header.writeUInt32BE(part.length, 8 + i * 20 + 12);
    offset += part.length;
  });
  return Buffer.concat([header, ...parts]);
}

/** The stub of MS-DOS, header, one section, four bytes in it. */
export function pe(machine: number): Buffer {
  const file = Buffer.alloc(64 + 24 + 40 + 4);
  file.write('MZ', 'latin1');
  file.writeUInt32LE(64, 60);
  file.write('PE\0\0', 64, 'latin1');
  file.writeUInt16LE(machine, 68);
  file.writeUInt16LE(1, 70);
  file.writeUInt32LE(4, 88 + 16);
  file.writeUInt32LE(128, 88 + 20);
  return file;
}
