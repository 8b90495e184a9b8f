/**
 * How the installed package finds its addon, and what it says when it cannot load one: every
 * failure made for real.
 */

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { readBinary } from '../src/load/binary';
import { libcText, target } from '../src/load/host';
import { loadError } from '../src/load/load-error';
import { binaryFor, elf, machO, pe, type Target } from './support/binaries';
import { node, type Outcome, root } from './support/command';
import { binaries } from './support/configurations';
import { covered, skip } from './support/coverage';
import { testUnlessEmulated } from './support/emulation';

const here = `${process.platform}-${process.arch}`;
const hereWithLibc = libcText() === null ? here : `${here} with ${libcText()?.split(' ')[0]}`;
const title = `rsqrt could not load its native addon on ${here} (${[libcText(), `Node ${process.version}`].filter(Boolean).join(', ')}). Tried:`;
const good = readFileSync(binaries.local);

/** A folder of a user, and the package as installed in it. */
let user: string;
let installed: string;
let prebuild: string;
let local: string;

beforeAll(() => {
  user = realpathSync(mkdtempSync(path.join(tmpdir(), "rsqrt loader's café ")));
  // For the test that runs as another user.
  chmodSync(user, 0o755);
  installed = path.join(user, 'node_modules', 'rsqrt');
  prebuild = path.join(installed, 'prebuilds', `${target}.node`);
  local = path.join(installed, 'build', 'Release', 'rsqrt.node');
  for (const name of ['dist', 'package.json'])
    cpSync(path.join(root, name), path.join(installed, name), { recursive: true });
});
beforeEach(() => {
  for (const file of [prebuild, local]) rmSync(path.dirname(file), { recursive: true, force: true });
});
afterAll(() => rmSync(user, { recursive: true }));

function put(file: string, content: Buffer | string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** Loads the package; prints what its info tells of the addon. */
const PROGRAM = "console.log(JSON.stringify(require('rsqrt').info().addon))";

const load = (options: { env?: Record<string, string>; preload?: string; program?: string } = {}): Outcome => {
  const preload =
    options.preload === undefined ? [] : ['--require', put(path.join(user, 'preload.cjs'), options.preload)];
  const env = { RSQRT_BINARY: '', RSQRT_ISA: '', ...options.env };
  return node([...preload, '-e', options.program ?? PROGRAM], { cwd: user, env });
};

/** The message of the RsqrtError that ended a program: by an exception, not by a signal. */
function messageOf({ code, stdout, stderr }: Outcome): string[] {
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain("code: 'ERR_LOAD'");
  const lines = stderr.split('\n');
  const first = lines.findIndex((line) => line.startsWith('RsqrtError: '));
  return [
    lines[first].slice('RsqrtError: '.length),
    ...lines.slice(
      first + 1,
      lines.findIndex((line, i) => i > first && /^ {4}at /.test(line)),
    ),
  ];
}

const quoted = (file: string): string =>
  process.platform === 'win32' ? `"${file}"` : `'${file.replaceAll("'", "'\\''")}'`;
const removal = process.platform === 'win32' ? 'rmdir /s /q' : 'rm -r';
const reinstall = (): string => `Install the package again with: ${removal} ${quoted(installed)} && npm install`;
const build = 'Build it for this system with: npx rsqrt build';
const setRight = 'RSQRT_BINARY must be the path of an rsqrt addon; unset it to use the one of this package.';

/** A copy with some bytes replaced by as many others. */
function patched(content: Buffer, pattern: RegExp, replacement: string): Buffer {
  const text = content.toString('latin1');
  expect(text).toMatch(pattern);
  const changed = Buffer.from(text.replace(pattern, replacement), 'latin1');
  expect(changed.length).toBe(content.length);
  return changed;
}

function withByte(content: Buffer, offset: number, byte: number): Buffer {
  const copy = Buffer.from(content);
  copy[offset] = byte;
  return copy;
}

/** The one by which jest finds modules, wherever it was told to look for it. */
const otherAddon =
  process.env.NAPI_RS_NATIVE_LIBRARY_PATH ??
  readdirSync(path.join(root, 'node_modules', '@unrs'), { withFileTypes: true })
    .filter(({ name }) => name.startsWith('resolver-binding-'))
    .flatMap(({ name }) =>
      readdirSync(path.join(root, 'node_modules', '@unrs', name)).map((file) =>
        path.join(root, 'node_modules', '@unrs', name, file),
      ),
    )
    .find((file) => file.endsWith('.node'));

interface Defect {
  name: string;
  content: () => Buffer | string;
  /** What is said of it. */
  reason: string | RegExp;
  /** Whether building is the way out; otherwise the package is installed again. */
  build?: boolean;
  env?: Record<string, string>;
}

const defects: Defect[] = [
  { name: 'empty', content: () => '', reason: 'empty' },
  { name: 'cut after 100 bytes', content: () => good.subarray(0, 100), reason: /^cut off: 100 of \d+ bytes$/ },
  {
    name: 'cut in the middle',
    content: () => good.subarray(0, good.length >> 1),
    reason: `cut off: ${good.length >> 1} of ${good.length} bytes`,
  },
  {
    name: 'without its last byte',
    content: () => good.subarray(0, -1),
    reason: `cut off: ${good.length - 1} of ${good.length} bytes`,
  },
  { name: 'text', content: () => 'not an addon\n', reason: 'text, not a binary' },
  {
    name: 'a pointer of Git LFS',
    content: () => 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4207280\n',
    reason: "a pointer of Git LFS in the binary's place; 'git lfs pull' fetches it",
  },
];
if (process.platform !== 'darwin') {
  defects.push({
    name: 'for macOS',
    content: () => machO(0x0100000c),
    reason: `built for darwin-arm64; this is ${hereWithLibc}`,
  });
}
if (process.platform !== 'win32') {
  defects.push({
    name: 'for Windows',
    content: () => pe(0xaa64),
    reason: `built for win32-arm64; this is ${hereWithLibc}`,
  });
}
if (otherAddon === undefined) skip('loader: the addon of another package', 'there is none in node_modules');
else {
  const content = readFileSync(otherAddon);
  defects.push({
    name: 'of another package',
    content: () => content,
    reason: 'an addon, but not that of rsqrt: it has no function open',
  });
}
if (process.platform === 'linux') {
  const { libc } = readBinary(process.execPath);
  const [otherArch, otherMachine] = process.arch === 'arm64' ? ['x64', 62] : ['arm64', 183];
  defects.push(
    {
      name: 'for another architecture',
      content: () => withByte(good, 18, otherMachine),
      reason: `built for linux-${otherArch} with ${libc}; this is ${hereWithLibc}`,
    },
    {
      name: 'of 32 bits',
      content: () => withByte(good, 4, 1),
      reason: `built for ${here} (32-bit); this is ${hereWithLibc}`,
    },
    {
      name: 'without an entry point',
      content: () => patched(good, /napi_register_module_v1/g, 'napi_register_module_v0'),
      reason: /^not an addon for Node-API: Module did not self-register/,
    },
  );
  if (libc === 'glibc') {
    defects.push(
      {
        name: 'for musl',
        content: () => patched(good, /libc\.so\.6\0/g, 'libc.so\0\0\0'),
        reason: `built for ${here} with musl; this is ${hereWithLibc}`,
      },
      {
        name: 'for a newer glibc',
        content: () => patched(good, /GLIBC_2(?=\.\d+\0)/g, 'GLIBC_9'),
        reason: /^glibc is too old: .*version `GLIBC_9\.\d+(\.\d+)?' not found/,
        build: true,
      },
      {
        name: 'for a library that is not there',
        // GCC's own of g++, which Zig links statically; libdl of Zig, which glibc has had in itself
        // since 2.34.
        content: () => patched(good, /lib(?<name>gcc_s|dl)\.so\.[12]\0/g, 'lib$<name>.so.9\0'),
        reason: /^a library that it needs is not installed: lib(gcc_s|dl)\.so\.9: cannot open shared object file/,
        build: true,
      },
      {
        name: 'for a newer Node',
        content: () => patched(good, /\0napi_create_reference\0/g, '\0napi_create_referencf\0'),
        reason:
          /^built for other libraries than those of this system, or for a newer Node: undefined symbol: napi_create_referencf$/,
        build: true,
        // Otherwise the linker looks for a function when it is called first, and ends the process.
        env: { LD_BIND_NOW: '1' },
      },
    );
  }
} else skip('loader: binaries of Linux made unfit', `this is ${process.platform}`);
covered('addon that is', 'missing', ...defects.map(({ name }) => name));

test('a prebuild is loaded, and the package says so', () => {
  put(prebuild, good);
  expect(load()).toEqual({
    code: 0,
    stdout: `${JSON.stringify({ source: 'prebuild', path: prebuild })}\n`,
    stderr: '',
  });
});

test('a local build goes before the prebuild', () => {
  put(prebuild, good);
  put(local, good);
  expect(load()).toEqual({
    code: 0,
    stdout: `${JSON.stringify({ source: 'local build', path: local })}\n`,
    stderr: '',
  });
});

describe('no other package is needed', () => {
  test('package.json names no dependencies', () => {
    expect(readdirSync(path.join(user, 'node_modules'))).toEqual(['rsqrt']);
    const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'));
    for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies'])
      expect(manifest[kind]).toBeUndefined();
  });

  test('--preserve-symlinks, where nothing beside the package of a store is found', () => {
    put(prebuild, good);
    put(local, good);
    const linked = path.join(user, 'linked');
    mkdirSync(path.join(linked, 'node_modules'), { recursive: true });
    symlinkSync(installed, path.join(linked, 'node_modules', 'rsqrt'), 'junction');
    const file = path.join(linked, 'node_modules', 'rsqrt', 'build', 'Release', 'rsqrt.node');
    const options = { cwd: linked, env: { RSQRT_BINARY: '' } };
    expect(node(['--preserve-symlinks', '-e', PROGRAM], options)).toEqual({
      code: 0,
      stdout: `${JSON.stringify({ source: 'local build', path: file })}\n`,
      stderr: '',
    });
  });
});

test('RSQRT_BINARY goes before both, and takes a relative path', () => {
  put(prebuild, good);
  put(local, good);
  const file = put(path.join(user, 'own', 'addon.node'), good);
  const { code, stdout, stderr } = load({ env: { RSQRT_BINARY: path.relative(user, file) } });
  expect([code, JSON.parse(stdout), stderr]).toEqual([0, { source: 'override', path: file }, '']);
});

test('no addon at all: every path tried, and the way to get one', () => {
  expect(messageOf(load())).toEqual([
    title,
    `  ${local} (local build): not found`,
    `  ${prebuild} (prebuild): not found`,
    reinstall(),
  ]);
});

test.each([
  ['npm', '/app/node_modules/rsqrt'],
  ['pnpm', '/app/node_modules/.pnpm/rsqrt@0.1.0/node_modules/rsqrt'],
  ['yarn', '/app/.yarn/unplugged/rsqrt-npm-0.1.0-0/node_modules/rsqrt'],
])('what was installed with %s is installed again with it', (manager, folder) => {
  const { message } = loadError([{ source: 'prebuild', path: null, kind: 'missing', reason: 'not found' }], folder);
  expect(message.split('\n').at(-1)).toBe(
    `Install the package again with: ${removal} ${quoted(folder)} && ${manager} install`,
  );
});

test('the repository is told by its sources: the way out is to build', () => {
  mkdirSync(path.join(installed, 'src'));
  try {
    expect(messageOf(load()).at(-1)).toBe(`Build it with: npm --prefix ${quoted(installed)} run build`);
  } finally {
    rmSync(path.join(installed, 'src'), { recursive: true });
  }
});

test.each(defects)('a prebuild $name', ({ content, reason, build: building, env }) => {
  put(prebuild, content());
  const [first, second, third, ...rest] = messageOf(load({ env }));
  expect([first, second, rest]).toEqual([
    title,
    `  ${local} (local build): not found`,
    [building ? build : reinstall()],
  ]);
  const start = `  ${prebuild} (prebuild): `;
  expect(third.slice(0, start.length)).toBe(start);
  if (typeof reason === 'string') expect(third.slice(start.length)).toBe(reason);
  else expect(third.slice(start.length)).toMatch(reason);
});

test.each(defects)('a local build $name is passed over, with a warning', ({ content, reason, env }) => {
  put(prebuild, good);
  put(local, content());
  const outcome = load({ env });
  expect(outcome.stderr).toMatch(/^\(node:\d+\) \[RSQRT_LOCAL_BUILD\] RsqrtWarning: the local build /);
  expect(outcome.stderr).toContain(
    `the local build ${local} is not used but the prebuild, because it cannot be loaded (`,
  );
  const said = reasonOf(outcome);
  if (typeof reason === 'string') expect(said).toBe(reason);
  else expect(said).toMatch(reason);
});

/** What the warning says of a local build that was there and was not used. */
function reasonOf({ code, stdout, stderr }: Outcome): string | undefined {
  expect([code, JSON.parse(stdout)]).toEqual([0, { source: 'prebuild', path: prebuild }]);
  return /RSQRT_LOCAL_BUILD\] RsqrtWarning: .* because it cannot be loaded \((.*)\); build it again/.exec(stderr)?.[1];
}

describe('a local build that is there is not called missing', () => {
  beforeEach(() => put(prebuild, good));

  test('where what it needs in turn is missing', () => {
    put(local, good);
    const preload = `const { '.node': load } = require.extensions;
      require.extensions['.node'] = (module, file) => (file === ${JSON.stringify(local)} ? require('its-dependency') : load(module, file));`;
    expect(reasonOf(load({ preload }))).toBe("Cannot find module 'its-dependency'");
  });

  const links: [string, () => void, string][] = [
    [
      'whose link leads nowhere',
      () => symlinkSync('nowhere.node', local),
      'a symbolic link to a file that is not there',
    ],
    [
      'whose link leads to itself',
      () => symlinkSync('rsqrt.node', local),
      'ELOOP: too many symbolic links encountered',
    ],
  ];
  test.each(links)('%s', (_, link, reason) => {
    if (process.platform === 'win32')
      return skip('loader: symbolic links to files', 'on Windows they take a privilege');
    mkdirSync(path.dirname(local), { recursive: true });
    link();
    expect(reasonOf(load())).toBe(reason);
    covered('addon that is', 'a broken link');
  });

  test.each([
    ['that this user may not read', () => local],
    ['in a folder that this user may not enter', () => path.dirname(local)],
  ])('%s', (_, which) => {
    if (process.platform === 'win32') return skip('loader: unreadable', 'Windows has no such permissions');
    put(local, good);
    chmodSync(which(), 0);
    try {
      const outcome = loadAs('unreadable', [], process.getuid?.() === 0 ? { uid: 65534 } : {});
      if (outcome !== null) expect(reasonOf(outcome)).toMatch(/permission denied$/i);
    } finally {
      chmodSync(which(), 0o755);
    }
  });

  test('but it is where its folder is a file', () => {
    const folder = path.join(installed, 'build');
    rmSync(folder, { recursive: true, force: true });
    put(folder, 'a file');
    expect(load()).toEqual({
      code: 0,
      stdout: `${JSON.stringify({ source: 'prebuild', path: prebuild })}\n`,
      stderr: '',
    });
    rmSync(folder);
  });
});

test.each(defects)('RSQRT_BINARY $name: nothing else is tried', ({ content, reason, env }) => {
  put(prebuild, good);
  const file = put(path.join(user, 'own', 'addon.node'), content());
  const [first, second, ...rest] = messageOf(load({ env: { ...env, RSQRT_BINARY: file } }));
  expect([first, rest]).toEqual([title, [setRight]]);
  const said = second.slice(`  ${file} (override): `.length);
  if (typeof reason === 'string') expect(said).toBe(reason);
  else expect(said).toMatch(reason);
});

test.each<[string, () => string, string]>([
  ['a file that is not there', () => path.join(user, 'nowhere.node'), 'not found'],
  ['a folder', () => user, 'a folder, not a file'],
  ['a program', () => put(path.join(user, 'program.js'), 'process.exit(3)'), 'text, not a binary'],
  ['an addon of another name', () => put(path.join(user, 'addon.so'), good), "its name does not end with '.node'"],
])('RSQRT_BINARY is %s', (_, make, reason) => {
  const file = make();
  expect(messageOf(load({ env: { RSQRT_BINARY: file } }))).toEqual([
    title,
    `  ${file} (override): ${reason}`,
    setRight,
  ]);
});

test('both broken: each with its own reason', () => {
  put(prebuild, good.subarray(0, 1000));
  put(local, 'text');
  expect(messageOf(load())).toEqual([
    title,
    `  ${local} (local build): text, not a binary`,
    `  ${prebuild} (prebuild): cut off: 1000 of ${good.length} bytes`,
    reinstall(),
  ]);
});

test('Node without leave to load addons', () => {
  put(prebuild, good);
  const { code, stderr } = node(['--no-addons', '-e', PROGRAM], { cwd: user, env: { RSQRT_BINARY: '' } });
  expect(code).toBe(1);
  expect(stderr).toContain('loading addons is disabled');
  expect(stderr).toContain('\nRun Node without --no-addons; with --permission, also with --allow-addons.\n');
});

/** As another user or in another name space of mounts; null, after a note, where that cannot be. */
function loadAs(what: string, command: string[], options: { uid?: number } = {}): Outcome | null {
  const run = (args: string[]) =>
    spawnSync(
      command[0] ?? process.execPath,
      [...command.slice(1), ...(command.length > 0 ? [process.execPath] : []), ...args],
      {
        cwd: user,
        env: { ...process.env, RSQRT_BINARY: '' },
        encoding: 'utf8',
        ...options,
      },
    );
  const probe = run(['-e', '0']);
  if (probe.status !== 0) {
    skip(
      `loader: ${what}`,
      probe.error?.message ?? (probe.stderr.trim().split('\n')[0] || `exit code ${probe.status}`),
    );
    return null;
  }
  const { status, stdout, stderr } = run(['-e', PROGRAM]);
  covered('addon that is', what);
  return { code: status, stdout, stderr };
}

test('an addon that this user may not read', () => {
  put(prebuild, good);
  chmodSync(prebuild, 0);
  const asRoot = process.getuid?.() === 0;
  if (process.platform === 'win32') return skip('loader: unreadable', 'Windows has no such permissions');
  const outcome = loadAs('unreadable', [], asRoot ? { uid: 65534 } : {});
  if (outcome === null) return;
  const message = messageOf(outcome);
  expect(message[2]).toMatch(/\(prebuild\): .*permission denied$/i);
  expect(message[3]).toBe(`Let this user read it, with: chmod -R a+rX ${quoted(installed)}`);
});

const mapped = testUnlessEmulated('loader', 'what is to be executed is only read, by the emulator');
mapped('a file system mounted with noexec', () => {
  put(prebuild, good);
  const folder = path.dirname(prebuild);
  const script =
    'cp "$0/"*.node "$0/../kept.node" && mount -t tmpfs -o noexec none "$0" && mv "$0/../kept.node" "$1" && shift && exec "$@"';
  const outcome = loadAs('on a file system with noexec', ['unshare', '--mount', 'sh', '-c', script, folder, prebuild]);
  if (outcome === null) return;
  const message = messageOf(outcome);
  expect(message[2]).toMatch(/\(prebuild\): .*failed to map segment from shared object/);
  expect(message[3]).toBe(
    'The file system may be mounted with noexec: install the package where files may be executed.',
  );
});

describe('every target', () => {
  const { stdout } = node([
    '--input-type=module',
    '-e',
    "import { targets } from './scripts/targets.mjs'; console.log(JSON.stringify(targets))",
  ]);
  const targets: Target[] = JSON.parse(stdout);

  /** Makes a process take itself for one on a target; the C library is that of the executable. */
  function as({ platform, arch, libc }: Pick<Target, 'platform' | 'arch' | 'libc'>): string {
    const loader = libc === 'musl' ? '/lib/ld-musl-x.so.1' : '/lib64/ld-linux-x.so.2';
    const executable = put(path.join(user, `executable-${libc}`), elf({ interpreter: loader }));
    return Object.entries({ platform, arch, execPath: executable })
      .map(([name, value]) => `Object.defineProperty(process, '${name}', { value: ${JSON.stringify(value)} });`)
      .join('\n');
  }

  test('the addons that the loader names are those that the package brings', () => {
    const source = readFileSync(path.join(root, 'dist', 'index.js'), 'utf8');
    const named = [...source.matchAll(/require\("\.\.\/prebuilds\/([\w-]+)\.node"\)/g)].map(([, name]) => name);
    expect(named.sort()).toEqual(targets.map(({ name }) => name).sort());
  });

  test.each(targets)('$name: its prebuild missing, damaged or for another system', (of) => {
    const file = path.join(installed, 'prebuilds', `${of.name}.node`);
    const shipped = path.join(root, 'prebuilds', `${of.name}.node`);
    const content = existsSync(shipped) ? readFileSync(shipped) : binaryFor(of);
    const another = targets.find(({ platform, arch }) => platform !== of.platform && arch !== of.arch) as Target;
    const system = ({ platform, arch, libc }: Target) => `${platform}-${arch}${libc === null ? '' : ` with ${libc}`}`;
    const cases: [Buffer | null, string][] = [
      [null, 'not found'],
      [Buffer.alloc(0), 'empty'],
      [content.subarray(0, content.length >> 1), `cut off: ${content.length >> 1} of `],
      [content.subarray(0, -1), `cut off: ${content.length - 1} of ${content.length} bytes`],
      [binaryFor(another), `built for ${system(another)}; this is ${system(of)}`],
    ];
    for (const [bytes, reason] of cases) {
      if (bytes !== null) put(file, bytes);
      const message = messageOf(load({ preload: as(of) }));
      expect(message[0]).toContain(`on ${of.platform}-${of.arch} (`);
      expect(message[2]).toContain(`  ${file} (prebuild): ${reason}`);
      expect(message[3]).toContain('Install the package again with: ');
    }
    covered('shipped addon', `${of.name}${existsSync(shipped) ? '' : ' (made up)'}`);
  });

  test('a system that the package brings none for', () => {
    expect(messageOf(load({ preload: as({ platform: 'linux', arch: 'riscv64', libc: 'musl' }) })).slice(1)).toEqual([
      `  ${local} (local build): not found`,
      '  prebuild: the package brings none for linux-riscv64-musl',
      build,
    ]);
  });
});

describe('the C library', () => {
  // By itself: no addon would be loaded on the systems that it is asked about.
  let host: string;
  beforeAll(() => {
    host = path.join(user, 'host.js');
    buildSync({
      entryPoints: [path.join(root, 'src', 'load', 'host.ts')],
      bundle: true,
      platform: 'node',
      outfile: host,
    });
  });
  const says = (preload: string): string =>
    load({ preload, program: `console.log(require(${JSON.stringify(host)}).libc)` }).stdout.trim();
  const linux = "Object.defineProperty(process, 'platform', { value: 'linux' });";
  const executable = (content: Buffer | string) =>
    `Object.defineProperty(process, 'execPath', { value: ${JSON.stringify(put(path.join(user, 'executable'), content))} });`;
  const report = (header: object) => `process.report.getReport = () => {
    if (process.report.excludeNetwork !== true) throw new Error('asks the network');
    return { header: ${JSON.stringify(header)} };
  };`;
  const never = 'process.report.getReport = () => { throw new Error("slow"); };';

  test.each<[string, () => string, string]>([
    [
      'of an executable for glibc',
      () => executable(elf({ interpreter: '/lib64/ld-linux-x86-64.so.2' })) + never,
      'glibc',
    ],
    ['of an executable for musl', () => executable(elf({ interpreter: '/lib/ld-musl-x86_64.so.1' })) + never, 'musl'],
    [
      'of the report of Node, for glibc',
      () => executable('unreadable') + report({ glibcVersionRuntime: '2.36' }),
      'glibc',
    ],
    ['of the report of Node, for musl', () => executable('unreadable') + report({}), 'musl'],
    ['of a loader that was told to run Node', () => executable(elf({ needed: [] })) + report({}), 'musl'],
    [
      'of Deno, which is not asked',
      () => `${executable('unreadable')}process.versions.deno = '2.5.0';${never}`,
      'glibc',
    ],
  ])('%s', (_, preload, expected) => expect(says(linux + preload())).toBe(expected));
});

test.each([
  ['bun', 'Bun 1.3.2'],
  ['deno', 'Deno 2.5.0'],
  ['electron', 'Electron 38.0.0'],
])('info names what runs it: %s', (name, text) => {
  put(prebuild, good);
  const preload = `Object.defineProperty(process.versions, '${name}', { value: '${text.split(' ')[1]}' });`;
  expect(load({ preload, program: "console.log(require('rsqrt').info().runtime)" }).stdout).toBe(`${text}\n`);
});

describe('in a bundle', () => {
  /**
   * What bundlers make of the package: one folder, whose parent has a package.json and a build of
   * the user's.
   */
  let bundle: string;
  let binding: string;
  beforeAll(() => {
    bundle = path.join(user, 'app', 'dist');
    cpSync(path.join(root, 'dist'), bundle, { recursive: true });
    binding = readFileSync(path.join(bundle, 'index.js'), 'utf8')
      // Bundlers put its text in.
      .replace('require("../package.json")', '{ version: "0" }');
    put(path.join(user, 'app', 'package.json'), '{ "name": "app" }');
    put(path.join(user, 'app', 'build', 'Release', 'rsqrt.node'), 'of the app');
  });

  /** Runs the bundle with an expression in the place of every prebuild. */
  function run(expression: string): Outcome {
    put(
      path.join(bundle, 'index.js'),
      binding.replace(/require\("\.\.\/prebuilds\/[\w-]+\.node"\)/g, `(${expression})`),
    );
    return node(['-e', "console.log(JSON.stringify(require('./app/dist').info().addon))"], {
      cwd: user,
      env: { RSQRT_BINARY: '' },
    });
  }

  const asset = (): string => put(path.join(bundle, 'assets', 'addon 1.node'), good);
  const loaded = (file: string | null) => ({
    code: 0,
    stdout: `${JSON.stringify({ source: 'prebuild', path: file })}\n`,
    stderr: '',
  });
  const docs = 'See docs/installing.md of rsqrt on bundlers, or set RSQRT_BINARY to the path of an rsqrt addon.';

  test.each<[string, (file: string) => string, boolean]>([
    ['a relative path', () => '"./assets/addon 1.node"', true],
    ['an absolute path', (file) => JSON.stringify(file), true],
    ['the address of a file', (file) => JSON.stringify(pathToFileURL(file).href), true],
    ['a module with a path', () => '{ default: "./assets/addon 1.node" }', true],
    ['the addon', () => 'require("./assets/addon 1.node")', false],
    ['a module with the addon', () => '{ default: require("./assets/addon 1.node") }', false],
  ])('%s in the place of the addon', (_, expression, known) => {
    const file = asset();
    expect(run(expression(file))).toEqual(loaded(known ? file : null));
  });

  test.each<[string, string, string]>([
    ['a path that leads nowhere', '"./nowhere.node"', 'nowhere.node (prebuild): not found'],
    [
      'an address with the whole addon in it',
      '"data:application/octet-stream;base64,AAAA"',
      `prebuilds/${target}.node, as it was bundled (prebuild): put into the bundle as text; it must stay a file`,
    ],
    [
      'a file left behind',
      'require("./nowhere.node")',
      `prebuilds/${target}.node, as it was bundled (prebuild): not found`,
    ],
    [
      'a call that the bundle cannot make',
      '(() => { throw new Error("Dynamic require of it is not supported"); })()',
      `prebuilds/${target}.node, as it was bundled (prebuild): Dynamic require of it is not supported`,
    ],
    [
      'nothing',
      'undefined',
      `prebuilds/${target}.node, as it was bundled (prebuild): nothing where the addon should be`,
    ],
    ['a cut copy', '"./assets/cut.node"', `cut.node (prebuild): cut off: 1000 of ${good.length} bytes`],
  ])('%s: what it was, and where to read on', (_, expression, line) => {
    put(path.join(bundle, 'assets', 'cut.node'), good.subarray(0, 1000));
    const [first, second, ...rest] = messageOf(run(expression));
    expect([first, rest]).toEqual([title, [docs]]);
    expect(second.endsWith(line)).toBe(true);
  });
});
