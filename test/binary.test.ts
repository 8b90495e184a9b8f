/** What the headers of a binary tell, for binaries of every system on any system. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { type Binary, BinaryError, checkBinary, readBinary } from '../src/load/binary';
import { elf, machO, pe, universal } from './support/binaries';
import { binaries } from './support/configurations';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rsqrt-binary-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function written(content: Buffer | string): string {
  const file = path.join(folder, 'file');
  writeFileSync(file, content);
  return file;
}

/** The kind and the message of what is thrown. */
function complaint(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof BinaryError) return `${error.kind}: ${error.message}`;
    throw error;
  }
  return 'none';
}

const X64 = 0x01000007;
const ARM64 = 0x0100000c;
const wrongClass = elf();
wrongClass[4] = 1;
const bigEndian = elf();
bigEndian[5] = 2;
bigEndian.writeUInt16BE(22, 18);

test.each<[string, Buffer, Binary]>([
  ['ELF for glibc', elf(), { platform: 'linux', archs: ['x64'], libc: 'glibc' }],
  ['ELF for arm64', elf({ machine: 183 }), { platform: 'linux', archs: ['arm64'], libc: 'glibc' }],
  ['ELF for a machine unknown', elf({ machine: 4711 }), { platform: 'linux', archs: ['machine 4711'], libc: 'glibc' }],
  ['ELF of 32 bits', wrongClass, { platform: 'linux', archs: ['x64 (32-bit)'], libc: null }],
  ['ELF of a big-endian machine', bigEndian, { platform: 'linux', archs: ['s390x'], libc: null }],
  ['ELF for musl', elf({ needed: ['libm.so.6', 'libc.so'] }), { platform: 'linux', archs: ['x64'], libc: 'musl' }],
  ['ELF for Alpine', elf({ needed: ['libc.musl-x86_64.so.1'] }), { platform: 'linux', archs: ['x64'], libc: 'musl' }],
  ['ELF without a C library', elf({ needed: [] }), { platform: 'linux', archs: ['x64'], libc: null }],
  [
    'an executable for glibc',
    elf({ interpreter: '/lib64/ld-linux-x86-64.so.2' }),
    { platform: 'linux', archs: ['x64'], libc: 'glibc' },
  ],
  [
    'an executable for musl',
    elf({ interpreter: '/lib/ld-musl-x86_64.so.1' }),
    { platform: 'linux', archs: ['x64'], libc: 'musl' },
  ],
  [
    'an executable of NixOS',
    elf({ interpreter: '/nix/store/x-glibc-2.38/lib/ld-linux-aarch64.so.1' }),
    { platform: 'linux', archs: ['x64'], libc: 'glibc' },
  ],
  ['Mach-O for x64', machO(X64), { platform: 'darwin', archs: ['x64'], libc: null }],
  ['Mach-O for arm64', machO(ARM64), { platform: 'darwin', archs: ['arm64'], libc: null }],
  [
    'a universal binary',
    universal(machO(X64), machO(ARM64)),
    { platform: 'darwin', archs: ['x64', 'arm64'], libc: null },
  ],
  ['PE for x64', pe(0x8664), { platform: 'win32', archs: ['x64'], libc: null }],
  ['PE for arm64', pe(0xaa64), { platform: 'win32', archs: ['arm64'], libc: null }],
  ['PE for ia32', pe(0x014c), { platform: 'win32', archs: ['ia32'], libc: null }],
])('%s', (_, content, expected) => {
  expect(readBinary(written(content))).toEqual(expected);
});

test.each<[string, Buffer]>([
  ['ELF', elf()],
  ['Mach-O', machO(X64)],
  ['a universal binary', universal(machO(X64), machO(ARM64))],
  ['PE', pe(0x8664)],
])('%s, cut off anywhere, is told from a complete one', (_, content) => {
  for (let size = 0; size < content.length; size++) {
    const said = complaint(() => readBinary(written(content.subarray(0, size))));
    expect(`${size} ${said}`).toMatch(
      size === 0 ? '0 damaged: empty' : size < 4 ? / damaged: .*not a binary/ : / damaged: cut off: \d+ of \d+ bytes/,
    );
  }
});

test.each<[string, Buffer | string, string]>([
  ['text', 'module.exports = {};\n', 'damaged: text, not a binary'],
  [
    'a pointer of Git LFS',
    'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n',
    "damaged: a pointer of Git LFS in the binary's place; 'git lfs pull' fetches it",
  ],
  ['zeros', Buffer.alloc(4096), 'damaged: not a binary of a format that is known'],
  ['a gzip archive', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]), 'damaged: not a binary of a format that is known'],
  ['a class of Java', Buffer.from('cafebabe00000041', 'hex'), 'damaged: not a binary of a format that is known'],
  ['a program of MS-DOS', Buffer.from('MZ'.padEnd(100, '\0'), 'latin1'), 'damaged: a program of MS-DOS'],
])('%s is no binary', (_, content, expected) => {
  expect(complaint(() => readBinary(written(content)))).toBe(expected);
});

test('no file, and a folder', () => {
  expect(complaint(() => readBinary(path.join(folder, 'nowhere', 'x.node')))).toBe('missing: not found');
  expect(complaint(() => readBinary(folder))).toBe('damaged: a folder, not a file');
});

const linux = { platform: 'linux', arch: 'x64', libc: 'glibc' } as const;
test.each<[string, Buffer, Parameters<typeof checkBinary>[1], string]>([
  ['the same system', elf(), linux, 'none'],
  [
    'another architecture',
    elf({ machine: 183 }),
    linux,
    'foreign: built for linux-arm64 with glibc; this is linux-x64 with glibc',
  ],
  [
    'another C library',
    elf({ needed: ['libc.so'] }),
    linux,
    'foreign: built for linux-x64 with musl; this is linux-x64 with glibc',
  ],
  ['no C library that is known', elf({ needed: [] }), linux, 'none'],
  ['another format', pe(0x8664), linux, 'foreign: built for win32-x64; this is linux-x64 with glibc'],
  [
    'one half of a universal binary',
    universal(machO(X64), machO(ARM64)),
    { platform: 'darwin', arch: 'arm64', libc: null },
    'none',
  ],
  [
    'neither half of one',
    universal(machO(X64), machO(ARM64)),
    linux,
    'foreign: built for darwin-x64 and darwin-arm64; this is linux-x64 with glibc',
  ],
  ['an x64 addon in an emulated Node for x64', pe(0x8664), { platform: 'win32', arch: 'x64', libc: null }, 'none'],
  ['FreeBSD, whose binaries are ELF as well', elf(), { platform: 'freebsd', arch: 'x64', libc: null }, 'none'],
  [
    'an architecture that we have no number of',
    elf({ machine: 4711 }),
    { platform: 'linux', arch: 'sparc64', libc: 'glibc' },
    'none',
  ],
])('fit: %s', (_, content, host, expected) => {
  expect(complaint(() => checkBinary(written(content), host))).toBe(expected);
});

test('the addon of this machine is complete', () => {
  const host = { platform: process.platform, arch: process.arch, libc: readBinary(process.execPath).libc };
  expect(complaint(() => checkBinary(binaries.local, host))).toBe('none');
});

test('headers of any bytes are read or refused, and nothing else', () => {
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
  for (const original of [elf(), elf({ interpreter: '/lib/ld-musl-x86_64.so.1' }), universal(machO(X64)), pe(0x8664)]) {
    for (let i = 0; i < 200; i++) {
      const content = Buffer.from(original);
      for (let changes = 1 + random(3); changes > 0; changes--) content[4 + random(content.length - 4)] = random(256);
      complaint(() => readBinary(written(content)));
    }
  }
});
