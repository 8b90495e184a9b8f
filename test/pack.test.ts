/**
 * What `npm run pack` and `npm pack` let out, and what they refuse. On copies of the repository;
 * this one is left alone.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import * as path from 'node:path';
import { binaryFor, type Elf, elf, machines, machO } from './support/binaries';
import { root } from './support/command';
import { binaries } from './support/configurations';
import { covered } from './support/coverage';

const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
/** What the addon built here stands in for. */
const here = `${process.platform}-${process.arch}`;
const name = `rsqrt-${version}.tgz`;

function run(command: string, args: string[], options: { cwd: string; env?: NodeJS.ProcessEnv; input?: string }) {
  // This test may itself be run by npm, whose settings are not meant for what runs here.
  const inherited = Object.entries(process.env).filter(([key]) => !/^npm_|^RSQRT_/.test(key));
  return spawnSync(command, args, {
    ...options,
    env: { ...Object.fromEntries(inherited), ...options.env },
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
}

/**
 * A copy of all that git knows of or would add, with the modules that are installed, and the addon
 * built here as prebuild.
 */
function makeTree(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const { stdout } = run('git', ['ls-files', '-coz', '--exclude-standard'], { cwd: root });
  for (const file of new Set(stdout.split('\0'))) {
    if (file !== '' && existsSync(path.join(root, file))) cpSync(path.join(root, file), path.join(folder, file));
  }
  for (const args of [
    ['init', '-q'],
    ['add', '-A'],
  ])
    run('git', args, { cwd: folder });
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
  mkdirSync(path.join(folder, 'prebuilds'));
  copyFileSync(binaries.local, path.join(folder, 'prebuilds', `${here}.node`));
  return folder;
}

let work: string;
let tree: string;
let packed: ReturnType<typeof run>;

beforeAll(() => {
  work = realpathSync(mkdtempSync(path.join(tmpdir(), 'rsqrt-pack-test-')));
  tree = makeTree(path.join(work, 'one'));
  packed = run(process.execPath, ['scripts/pack.mjs', `--targets=${here}`], { cwd: tree, env: { TZ: 'UTC' } });
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('it says what it packed, how large it is, and which targets are missing on purpose', () => {
  expect([packed.status, packed.stderr]).toEqual([0, '']);
  expect(packed.stdout).toMatch(/^pack: without (?:[\w-]+, ){6}[\w-]+, on purpose\n/);
  expect(packed.stdout).toContain(`${path.join(tree, name)}\n`);
  expect(packed.stdout).toMatch(/kB packed\n.* kB unpacked, \d+ files; the largest:\n/);
  expect(existsSync(path.join(tree, 'native', 'include'))).toBe(false);
});

test('the same bytes from another folder, time zone, language and umask, with the remains of an older build', () => {
  const other = path.join(work, 'the other — 2');
  const umask = process.umask(0o077);
  try {
    makeTree(other);
  } finally {
    process.umask(umask);
  }
  cpSync(path.join(root, 'test', 'support'), path.join(other, 'dist'), { recursive: true });
  const env = { TZ: 'Pacific/Auckland', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' };
  const command = `umask 077 && "${process.execPath}" scripts/pack.mjs --targets=${here} --out=out`;
  const { status, stderr } = run('sh', ['-c', command], { cwd: other, env });
  expect([status, stderr]).toEqual([0, '']);
  expect(readFileSync(path.join(other, 'out', name)).equals(readFileSync(path.join(tree, name)))).toBe(true);
  covered('package', 'packed twice, the same bytes');
});

test('npm pack, too, wants every prebuild, and leaves no package without', () => {
  const bare = makeTree(path.join(work, 'bare'));
  const prebuild = path.join(bare, 'prebuilds', `${here}.node`);
  const expectRefusal = (env: NodeJS.ProcessEnv, sentences: RegExp, count: number) => {
    const { status, stderr } = run('npm', ['pack', '--foreground-scripts'], { cwd: bare, env });
    expect(status).not.toBe(0);
    expect(stderr.match(/^pack: .*$/gm)).toEqual(Array(count).fill(expect.stringMatching(sentences)));
    expect(readdirSync(bare).filter((file) => file.endsWith('.tgz'))).toEqual([]);
    expect(existsSync(path.join(bare, 'native', 'include'))).toBe(false);
  };

  renameSync(prebuild, `${prebuild}.hidden`);
  // So that it shows if anything is compiled first.
  writeFileSync(
    path.join(bare, 'scripts', 'compile.mjs'),
    'export function compile() { throw new Error("compiled"); }',
  );
  expectRefusal({}, /^pack: prebuilds\/.* is missing from the package: .*\.$/, 8);

  // A package that is not complete for another reason: nothing is compiled into it.
  renameSync(`${prebuild}.hidden`, prebuild);
  writeFileSync(path.join(bare, 'scripts', 'compile.mjs'), 'export function compile() {}');
  const sources = readdirSync(path.join(bare, 'src'), { recursive: true, encoding: 'utf8' });
  const modules = sources.filter((file) => file.endsWith('.ts'));
  expectRefusal({ RSQRT_TARGETS: here }, /^pack: dist\/.* is missing from the package\.$/, modules.length + 2);
});

describe('a package is refused', () => {
  const fakes: Record<string, Buffer> = Object.fromEntries(
    ['x64', 'arm64'].flatMap((arch) => [
      [`linux-${arch}`, binaryFor({ platform: 'linux', arch, libc: 'glibc' })],
      [`linux-${arch}-musl`, binaryFor({ platform: 'linux', arch, libc: 'musl' })],
      [`darwin-${arch}`, binaryFor({ platform: 'darwin', arch, libc: null })],
      [`win32-${arch}`, binaryFor({ platform: 'win32', arch, libc: null })],
    ]),
  );
  const prebuild = (target: string) => `prebuilds/${target}.node`;
  const put = (file: string, content: Buffer | string) => ({
    put: { [file]: Buffer.from(content).toString('base64') },
  });
  const x64 = (kind: Elf) => put(prebuild('linux-x64'), elf(kind));
  const withTail = (target: string, tail: Buffer) => put(prebuild(target), Buffer.concat([fakes[target], tail]));
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const withExports = (exports: object) => ({ manifest: { exports: { ...manifest.exports, ...exports } } });

  interface Refusal {
    title: string;
    edit: object;
    sentences: string[];
  }
  const missing: Refusal[] = [
    ...Object.keys(fakes).map((target) => ({
      file: prebuild(target),
      more: `: "npm run prebuild -- ${target}" makes it, and RSQRT_TARGETS may name fewer`,
    })),
    ...[
      ...[
        'dist/index.js',
        'dist/index.d.ts',
        'dist/tensor/tensor.d.ts',
        'binding.d.ts',
        'native/cpu/run.cpp',
        'cmake/cuda.cmake',
      ],
      ...[
        'scripts/from-source/build.mjs',
        'native/include/napi.h',
        'native/include/LICENSE.node-addon-api',
        'docs/cuda.md',
      ],
      ...['native/include/LICENSE.node-api-headers', 'LICENSE', 'THIRD-PARTY-NOTICES.md', 'README.md', 'CHANGELOG.md'],
    ].map((file) => ({ file, more: '' })),
  ].map(({ file, more }) => ({
    title: `without ${file}`,
    edit: { remove: [file] },
    sentences: [`${file} is missing from the package${more}`],
  }));
  const tooMany: Refusal[] = [
    ...[
      'src/index.ts',
      'dist/index.js.map',
      'dist/old.js',
      'test/pack.test.ts',
      'build/Release/rsqrt.node',
      '.env',
      '.npmrc',
    ],
    ...['native/test/main.cpp', 'native/test/simulated_cuda/cuda_runtime.h', 'cmake/simulated-cuda.cmake'],
    ...['native/cpu/run.cpp.orig', 'npm-debug.log'],
    ...[
      'docs/decisions.md',
      'docs/decisions/0001-loops-are-a-sum.md',
      'scripts/pack.mjs',
      'prebuilds/linux-riscv64.node',
      'prebuilds/linux-x64.node.bak',
    ],
  ].map((file) => ({
    title: `with ${file}`,
    edit: put(file, 'too many'),
    sentences: [`${file} does not belong in the package`],
  }));
  const wrong: Refusal[] = [
    {
      title: 'with a prebuild for a target that was not named',
      edit: {
        targets: Object.keys(fakes)
          .filter((target) => target !== 'win32-x64')
          .join(),
      },
      sentences: ['prebuilds/win32-x64.node does not belong in the package: it is not among the targets named'],
    },
    {
      title: 'with the prebuild of another architecture',
      edit: x64({ machine: machines.linux.arm64 }),
      sentences: ['prebuilds/linux-x64.node is for linux arm64 glibc; expected linux x64 glibc'],
    },
    {
      title: 'with the prebuild of an architecture that Node does not have',
      edit: x64({ machine: 4711 }),
      sentences: ['prebuilds/linux-x64.node is for linux machine 4711 glibc; expected linux x64 glibc'],
    },
    {
      title: 'with the prebuild of another C library',
      edit: x64({ needed: ['libc.musl-x86_64.so.1'] }),
      sentences: ['prebuilds/linux-x64.node is for linux x64 musl; expected linux x64 glibc'],
    },
    {
      title: 'with the prebuild of another system',
      edit: put(prebuild('darwin-arm64'), fakes['win32-arm64']),
      sentences: ['prebuilds/darwin-arm64.node is for win32 arm64; expected darwin arm64'],
    },
    {
      title: 'with a prebuild cut short',
      edit: put(prebuild('linux-x64'), fakes['linux-x64'].subarray(0, 200)),
      sentences: ['prebuilds/linux-x64.node is no shared library, or is cut short'],
    },
    {
      title: 'with a prebuild that is something else',
      edit: put(prebuild('linux-x64'), 'version https://git-lfs.github.com/spec/v1'),
      sentences: ['prebuilds/linux-x64.node is no shared library, or is cut short'],
    },
    ...[
      { target: 'linux-x64', content: elf({ section: '.symtab' }) },
      { target: 'linux-arm64', content: elf({ machine: machines.linux.arm64, section: '.debug_info' }) },
      { target: 'darwin-x64', content: machO(machines.darwin.x64, '__DWARF') },
    ].map(({ target, content }) => ({
      title: `with an unstripped prebuild ${target}`,
      edit: put(prebuild(target), content),
      sentences: [`${prebuild(target)} has symbols or debugging information: strip it`],
    })),
    {
      title: 'with a folder of this machine in a prebuild',
      edit: withTail('linux-x64', Buffer.from(path.join(homedir(), 'work', 'run.cpp'))),
      sentences: [`prebuilds/linux-x64.node names a folder of the machine that built it: ${homedir()}${path.sep}`],
    },
    {
      title: 'with a folder of another machine in a prebuild for Windows',
      edit: withTail('win32-x64', Buffer.from('D:\\a\\x\\run.cpp', 'utf16le')),
      sentences: ['prebuilds/win32-x64.node names a folder of the machine that built it: D:\\a\\'],
    },
    {
      title: 'with a folder of another machine in what was compiled',
      edit: put('dist/index.js', '// /home/someone/rsqrt/src/index.ts'),
      sentences: ['dist/index.js names a folder of the machine that built it: /home/someone/'],
    },
    {
      title: 'with other modes',
      edit: { modes: { 'dist/cli.js': 0o644, LICENSE: 0o600 } },
      sentences: ['LICENSE has mode 600; expected 644', 'dist/cli.js has mode 644; expected 755'],
    },
    {
      title: 'of 5 MB and more',
      edit: withTail('linux-x64', createHash('shake256', { outputLength: 5_000_000 }).digest()),
      sentences: [expect.stringMatching(/^the package has \d{7} bytes packed; it must stay below 5000000$/)],
    },
    {
      title: 'with an install script',
      edit: { manifest: { scripts: { postinstall: 'node download.js' } } },
      sentences: ['package.json: there must be no postinstall script'],
    },
    {
      title: 'with a dependency',
      edit: { manifest: { dependencies: { 'left-pad': '1.3.0' } } },
      sentences: ['package.json: there must be no dependencies; received left-pad'],
    },
    {
      title: 'whose package.json leads to what is not there',
      edit: { manifest: { main: 'lib/index.js', types: 'index.d.ts', bin: { rsqrt: 'cli.js' } } },
      sentences: [
        'package.json: main leads to lib/index.js, which is missing',
        'package.json: types leads to index.d.ts, which is missing',
        'package.json: bin.rsqrt leads to cli.js, which is missing',
        'dist/cli.js has mode 755; expected 644',
      ],
    },
    {
      title: 'without the subpath of a prebuild',
      edit: withExports({ './prebuilds/darwin-arm64.node': undefined }),
      sentences: ['package.json: exports lacks ./prebuilds/darwin-arm64.node'],
    },
    {
      title: 'that has types after what fits always',
      edit: withExports({ '.': { default: './dist/index.js', types: './dist/index.d.ts' } }),
      sentences: ["package.json: exports['.'] must name types first"],
    },
    {
      title: 'that publint finds fault with',
      edit: { manifest: { type: null } },
      sentences: [expect.stringMatching(/^publint: The package does not specify the "type" field/)],
    },
    {
      title: 'whose types do not fit',
      edit: put('dist/index.d.ts', 'declare const rsqrt: number;\nexport default rsqrt;\n'),
      sentences: [expect.stringMatching(/^types: .* \(.*dist\/index\.d\.ts\)$/)],
    },
  ];
  const refusals = [...missing, ...tooMany, ...wrong];

  let results: string[][];
  beforeAll(() => {
    const files = Object.entries(fakes).map(([target, content]) => [prebuild(target), content.toString('base64')]);
    const input = JSON.stringify({
      base: { put: Object.fromEntries(files) },
      edits: [{}, ...refusals.map(({ edit }) => edit)],
    });
    const script = path.join(root, 'test', 'support', 'check-package.mjs');
    const args = [script, path.join(tree, 'scripts'), path.join(tree, name)];
    const { stdout, stderr } = run(process.execPath, args, { cwd: tree, input });
    expect(stderr).toBe('');
    results = JSON.parse(stdout);
  });

  test('not if it is complete', () => expect(results[0]).toEqual([]));

  test.each(refusals.map((refusal, i) => ({ ...refusal, i })))('$title', ({ i, sentences }) => {
    expect(results[i + 1]).toEqual(sentences);
    covered('package', 'refused when packing');
  });
});

test('the list of components has what npm installs and what is linked, and every reference in it leads somewhere', () => {
  const file = path.join(work, 'sbom.cdx.json');
  const { status, stderr } = run(process.execPath, ['scripts/sbom.mjs', file], { cwd: tree });
  expect([status, stderr]).toEqual([0, '']);
  const bom = JSON.parse(readFileSync(file, 'utf8'));
  expect(bom).toMatchObject({
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    metadata: { component: { name: 'rsqrt', version } },
  });
  const components: { name: string; type: string; licenses: object[]; 'bom-ref': string }[] = bom.components;
  expect(components.map((each) => each.name)).toEqual(
    expect.arrayContaining(['node-addon-api', 'NVIDIA CUDA runtime']),
  );
  for (const each of components) expect(each).toMatchObject({ type: 'library', licenses: [expect.anything()] });
  const refs = [`rsqrt@${version}`, ...components.map((each) => each['bom-ref'])];
  expect(new Set(refs).size).toBe(refs.length);
  const dependencies: { ref: string; dependsOn: string[] }[] = bom.dependencies;
  expect(dependencies.map(({ ref }) => ref).sort()).toEqual([...refs].sort());
  for (const { dependsOn } of dependencies) for (const ref of dependsOn) expect(refs).toContain(ref);
});

test('licences are as allowed, and the notices are up to date', () => {
  expect(run(process.execPath, ['scripts/licences.mjs'], { cwd: tree })).toMatchObject({ status: 0, stderr: '' });
  const notices = path.join(tree, 'THIRD-PARTY-NOTICES.md');
  cpSync(path.join(tree, 'README.md'), notices);
  const { status, stderr } = run(process.execPath, ['scripts/licences.mjs'], { cwd: tree });
  expect([status, stderr]).toEqual([
    1,
    'licences: THIRD-PARTY-NOTICES.md is not up to date: "npm run licences -- --write" writes it.\n',
  ]);
});
