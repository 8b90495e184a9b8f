/** Shared libraries with no more in them than tells what they are for. */

export interface Kind {
  machine: number;
  /** For Linux: the C library that is asked for. */
  needs?: string;
  /** A section, by which symbols or debugging information would come. */
  section?: string;
  /** What lies behind the rest. */
  tail?: Buffer;
}

export const machines = {
  linux: { x64: 62, arm64: 183 },
  darwin: { x64: 0x01000007, arm64: 0x0100000c },
  win32: { x64: 0x8664, arm64: 0xaa64 },
} as const;

/** For Linux. */
export function elf({ machine, needs = 'libc.so.6', section = '.text', tail = Buffer.alloc(0) }: Kind): Buffer {
  const names = Buffer.from(`\0.dynamic\0.dynstr\0.shstrtab\0${section}\0`);
  const strings = Buffer.from(`\0${needs}\0`);
  const dynamic = Buffer.alloc(32);
  dynamic.writeBigUInt64LE(1n, 0); // DT_NEEDED
  dynamic.writeBigUInt64LE(1n, 8);
  const parts = [Buffer.alloc(64), dynamic, strings, names];
  const offsets = parts.map((_, i) => parts.slice(0, i).reduce((sum, part) => sum + part.length, 0));
  const row = (name: string, type: number, part: number, link = 0) => {
    const header = Buffer.alloc(64);
    header.writeUInt32LE(name === '' ? 0 : names.indexOf(`${name}\0`), 0);
    header.writeUInt32LE(type, 4);
    header.writeBigUInt64LE(BigInt(offsets[part]), 24);
    header.writeBigUInt64LE(BigInt(parts[part].length), 32);
    header.writeUInt32LE(link, 40);
    return header;
  };
  const rows = [
    row('', 0, 0),
    row('.dynamic', 6, 1, 2),
    row('.dynstr', 3, 2),
    row('.shstrtab', 3, 3),
    row(section, 1, 0),
  ];
  const [head] = parts;
  head.write('\x7fELF\x02\x01\x01', 'latin1');
  head.writeUInt16LE(3, 16);
  head.writeUInt16LE(machine, 18);
  head.writeBigUInt64LE(BigInt(offsets[3] + names.length), 40);
  head.writeUInt16LE(64, 58);
  head.writeUInt16LE(rows.length, 60);
  head.writeUInt16LE(3, 62);
  return Buffer.concat([...parts, ...rows, tail]);
}

/** For macOS. */
export function machO({ machine, section }: Kind): Buffer {
  const segment = Buffer.alloc(72);
  segment.writeUInt32LE(25, 0); // LC_SEGMENT_64
  segment.writeUInt32LE(72, 4);
  segment.write(section ?? '__TEXT', 8, 'latin1');
  const head = Buffer.alloc(32);
  head.writeUInt32LE(0xfeedfacf, 0);
  head.writeUInt32LE(machine, 4);
  head.writeUInt32LE(1, 16);
  return Buffer.concat([head, segment]);
}

/** For Windows. */
export function portableExecutable({ machine }: Kind): Buffer {
  const file = Buffer.alloc(128);
  file.write('MZ', 0, 'latin1');
  file.writeUInt32LE(64, 60);
  file.write('PE\0\0', 64, 'latin1');
  file.writeUInt16LE(machine, 68);
  return file;
}
