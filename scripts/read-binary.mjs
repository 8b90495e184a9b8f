// Tells from its bytes what system a shared library is for, and whether it is stripped.

/** @typedef {{ platform: string, arch: string, libc: 'glibc' | 'musl' | null, stripped: boolean }} Binary as Node names them */

/** What a library is, or null if it is none that can be told, or is cut short. @param {Buffer} content @returns {Binary | null} */
export function describeBinary(content) {
  try {
    if (content.readUInt32BE(0) === 0x7f454c46) return elf(content);
    if (content.readUInt32LE(0) === 0xfeedfacf) return machO(content);
    if (content.toString('latin1', 0, 2) === 'MZ') return portableExecutable(content);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // read past the end
  }
  return null;
}

const ARCHITECTURES = {
  elf: { 62: 'x64', 183: 'arm64' },
  machO: { 16777223: 'x64', 16777228: 'arm64' },
  portableExecutable: { 34404: 'x64', 43620: 'arm64' },
};

const unknown = (number) => `architecture ${number}`;

const textAt = (content, at) => content.toString('latin1', at, content.indexOf(0, at));

/** 64 bits, little-endian. */
function elf(content) {
  const SHT_DYNAMIC = 6;
  const DT_NEEDED = 1n;
  const machine = content.readUInt16LE(18);
  const at = Number(content.readBigUInt64LE(40));
  const sections = Array.from({ length: content.readUInt16LE(60) }, (_, i) => {
    const start = at + i * content.readUInt16LE(58);
    return {
      name: content.readUInt32LE(start),
      type: content.readUInt32LE(start + 4),
      offset: Number(content.readBigUInt64LE(start + 24)),
      size: Number(content.readBigUInt64LE(start + 32)),
      link: content.readUInt32LE(start + 40),
    };
  });
  const names = sections[content.readUInt16LE(62)];
  const sectionNames = sections.map(({ name }) => textAt(content, names.offset + name));
  const dynamic = sections.find(({ type }) => type === SHT_DYNAMIC);
  const strings = sections[dynamic?.link ?? 0];
  const needed = [];
  for (let entry = dynamic?.offset ?? 0; entry < (dynamic?.offset ?? 0) + (dynamic?.size ?? 0); entry += 16) {
    if (content.readBigUInt64LE(entry) === DT_NEEDED) {
      needed.push(textAt(content, strings.offset + Number(content.readBigUInt64LE(entry + 8))));
    }
  }
  const musl = needed.some((name) => name === 'libc.so' || name.startsWith('libc.musl-'));
  return {
    platform: 'linux',
    arch: ARCHITECTURES.elf[machine] ?? unknown(machine),
    libc: musl ? 'musl' : needed.includes('libc.so.6') ? 'glibc' : null,
    stripped: !sectionNames.some((name) => name === '.symtab' || name.startsWith('.debug_')),
  };
}

function machO(content) {
  const [LC_SYMTAB, LC_SEGMENT_64] = [2, 25];
  const N_STAB = 0xe0; // a symbol for debuggers
  const machine = content.readUInt32LE(4);
  let stripped = true;
  for (let i = 0, at = 32; i < content.readUInt32LE(16); i++, at += content.readUInt32LE(at + 4)) {
    const command = content.readUInt32LE(at);
    if (command === LC_SEGMENT_64 && textAt(content, at + 8) === '__DWARF') stripped = false;
    if (command !== LC_SYMTAB) continue;
    const [symbols, count] = [content.readUInt32LE(at + 8), content.readUInt32LE(at + 12)];
    for (let symbol = 0; symbol < count; symbol++) {
      if ((content.readUInt8(symbols + symbol * 16 + 4) & N_STAB) !== 0) stripped = false;
    }
  }
  return { platform: 'darwin', arch: ARCHITECTURES.machO[machine] ?? unknown(machine), libc: null, stripped };
}

function portableExecutable(content) {
  const header = content.readUInt32LE(60);
  if (content.toString('latin1', header, header + 4) !== 'PE\0\0') return null;
  const machine = content.readUInt16LE(header + 4);
  return {
    platform: 'win32',
    arch: ARCHITECTURES.portableExecutable[machine] ?? unknown(machine),
    libc: null,
    stripped: content.readUInt32LE(header + 16) === 0, // number of symbols
  };
}
