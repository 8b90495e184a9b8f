/**
 * What building says on a machine that lacks something: one sentence, and nothing is lost. And
 * `rsqrt build`, as users run it: what it makes is checked before it is used.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { node, type Outcome, root } from './support/command';
import { binaries } from './support/configurations';
import { covered, skip } from './support/coverage';
import { testUnlessEmulated } from './support/emulation';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rsqrt-build-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/**
 * A command on the PATH of the build: a shell script, which has `$1` and so on, and no other
 * command on its PATH.
 */
function fake(name: string, script: string) {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/** One that only tells its version. */
const fakeVersion = (name: string, version: string) => fake(name, `echo '${name} version ${version}'`);

/** A machine that has all it takes, with a CMake that does this. */
function fakeMachine(cmake: string) {
  fakeVersion('c++', '12.2.0');
  fakeVersion('ninja', '1.11.1');
  fake('cmake', `case $1 in --version) echo 'cmake version 3.25.1'; exit;; esac\n${cmake}`);
}

const environment = () => ({ PATH: folder, CXX: '', CXXFLAGS: '', RSQRT_BINARY: undefined });
const build = (args: string[] = [], preload: string[] = []) =>
  node([...preload, path.join(root, 'scripts', 'build.mjs'), ...args], { env: environment() });

const cli = path.join(root, 'dist', 'cli.js');
const out = () => path.join(folder, 'out é x');
/** `rsqrt build --out`, with the commands of the folder alone. */
const userBuild = (...args: string[]) => node([cli, 'build', '--out', out(), ...args], { env: environment() });

describe.each([
  ['npm run build', () => build()],
  ['rsqrt build', () => userBuild()],
])('%s on a machine without', (_command, run) => {
  test.each<[string, () => void, RegExp]>([
    [
      'CMake',
      () => {},
      /^rsqrt: building needs CMake 3\.18 or newer: install it, on Debian with "apt-get install cmake"\.\n$/,
    ],
    [
      'a newer CMake',
      () => fakeVersion('cmake', '3.16.3'),
      /^rsqrt: building needs CMake 3\.18 or newer, this is 3\.16\.3: install a newer one\.\n$/,
    ],
    [
      'a compiler',
      () => fakeVersion('cmake', '3.25.1'),
      /^rsqrt: building needs a C\+\+20 compiler \(c\+\+, g\+\+, clang\+\+ not found\): install one, .*\n$/,
    ],
    [
      'a newer compiler',
      () => {
        fakeVersion('cmake', '3.25.1');
        fake('c++', "[ $1 = --version ] || { echo 'c++: error: unrecognized option -std=c++20' >&2; exit 1; }");
      },
      /^rsqrt: building needs .*, and c\+\+ does not compile C\+\+20 \(c\+\+: error: unrecognized option -std=c\+\+20\): install .*\n$/,
    ],
    [
      'make or ninja',
      () => {
        fakeVersion('cmake', '3.25.1');
        fakeVersion('c++', '12.2.0');
      },
      /^rsqrt: building needs make or ninja: install one, on Debian with "apt-get install make"\.\n$/,
    ],
  ])('%s', (_, prepare, sentence) => {
    prepare();
    const { code, stderr, stdout } = run();
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(sentence);
    expect(existsSync(out())).toBe(false);
    covered('build', 'what is missing is named');
  });
});

test('on a Node that is too old', () => {
  const preload = path.join(folder, 'old.cjs');
  writeFileSync(
    preload,
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } });",
  );
  const { code, stderr } = build([], ['--require', preload]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^rsqrt: building needs Node 20\.17\.0 or newer, this is v.*: install a newer one from .*\n$/);
});

test('with a value of --cuda that there is not', () => {
  const { code, stderr } = build(['--cuda=maybe']);
  expect([code, stderr]).toEqual([1, "rsqrt: --cuda must be auto, on, off or simulated; received 'maybe'.\n"]);
});

test('CUDA=ON without nvcc fails, and names what to do', () => {
  // Hides every place where cmake/cuda.cmake looks; the compilers lie elsewhere.
  const hidden = ['/usr/local', '/opt', '/usr/lib/nvidia-cuda-toolkit'].join(';');
  const args = [
    '-S',
    root,
    '-B',
    folder,
    '-DCUDA=ON',
    `-DCMAKE_IGNORE_PREFIX_PATH=${hidden}`,
    `-DCMAKE_IGNORE_PATH=${nvccFolders()}`,
  ];
  let output = '';
  try {
    execFileSync('cmake', args, {
      encoding: 'utf8',
      stdio: 'pipe',
      env: { ...process.env, CUDACXX: '', CUDA_HOME: '', CUDA_PATH: '' },
    });
  } catch (error) {
    output = (error as { stderr: string }).stderr.replace(/\s+/g, ' ');
  }
  if (/CMAKE_IGNORE_PREFIX_PATH/.test(output)) return skip('CUDA=ON without nvcc', 'this CMake cannot hide a folder');
  expect(output).toContain('CUDA=ON, but nvcc was not found: install the CUDA toolkit (12.0 or newer)');
  covered('build', 'CUDA=ON without nvcc');
});

test('CUDA=SIMULATED without the simulated device, as in the package, fails and says what to do', () => {
  cpSync(path.join(root, 'CMakeLists.txt'), path.join(folder, 'CMakeLists.txt'));
  cpSync(path.join(root, 'cmake'), path.join(folder, 'cmake'), {
    recursive: true,
    filter: (file) => path.basename(file) !== 'simulated-cuda.cmake',
  });
  let output = '';
  try {
    execFileSync('cmake', ['-S', folder, '-B', path.join(folder, 'build'), '-DCUDA=SIMULATED'], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  } catch (error) {
    output = (error as { stderr: string }).stderr.replace(/\s+/g, ' ');
  }
  expect(output).toContain(
    'CUDA=SIMULATED needs the simulated device, which is test equipment and not in the package: ' +
      'build with CUDA=AUTO, ON or OFF.',
  );
  covered('build', 'CUDA=SIMULATED without the simulated device');
});

/** What a fake CMake does: configures, and takes this script for compiling; $2 is the folder. */
const compiling = (script: string) => `case $1 in
  -S) echo '-- The CXX compiler identification is GNU 12.2.0'
      echo '-- rsqrt: instruction sets avx512;avx2;baseline; without CUDA';;
  --build) ${script};;
esac`;
const copy = (file: string) => `/bin/mkdir "$2/Release"; /bin/cp '${file}' "$2/Release/rsqrt.node"`;

test.each<[string, string, string]>([
  [
    'the disk is full',
    "echo 'x.s: No space left on device'",
    'the disk is full: free some space, or build elsewhere with --out=DIR.',
  ],
  [
    'memory is short',
    "echo 'g++: fatal error: Killed signal terminated program cc1plus'",
    'the compiler ran out of memory: compile one file at a time with --jobs=1.',
  ],
  [
    'nvcc refuses the compiler',
    "echo '#error -- unsupported GNU version! gcc versions later than 15 are not supported!'",
    'nvcc does not support this C++ compiler: name one that it does with CUDAHOSTCXX, as in CUDAHOSTCXX=g++-12, or build without CUDA with --cuda=off.',
  ],
  [
    'our CMake files say so',
    "printf 'CMake Error at cmake/cuda.cmake:3 (message):\\n  CUDA=ON, but nvcc was not\\n  found: build with CUDA=OFF.\\nCall Stack\\n'",
    '--cuda=on, but nvcc was not found: build with --cuda=off.',
  ],
])('where %s, that is what is said', (_, script, sentence) => {
  fakeMachine(`${script}; exit 1`);
  const { code, stderr } = userBuild();
  expect([code, stderr]).toEqual([1, `rsqrt: ${sentence} All output is in ${path.join(out(), 'rsqrt-build.log')}.\n`]);
  expect(readdirSync(out())).toEqual(['rsqrt-build.log']);
  covered('build', 'known failures of the compilers');
});

test('of any other failure the last lines are shown, and all are kept', () => {
  fakeMachine(compiling('i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo "line $i"; done; exit 3'));
  const { code, stdout, stderr } = userBuild();
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^configuring\nBuilding rsqrt [\d.]+ for \w+-\w+, without CUDA, with GNU 12\.2\.0 and CMake 3\.25\.1, into .*out é x\n$/,
  );
  const log = path.join(out(), 'rsqrt-build.log');
  expect(stderr).toMatch(
    /^line 61\n(line \d+\n){39}rsqrt: compiling failed \(cmake ended with 3\)\. All output is in /,
  );
  expect(readFileSync(log, 'utf8')).toContain('\nline 1\nline 2\n');
  expect(readdirSync(out())).toEqual(['rsqrt-build.log']);
});

test('progress: a line for each step, with what ninja or make print; with --verbose all of that', () => {
  const steps = [
    '[1/3] Building CXX object CMakeFiles/rsqrt_avx2.dir/native/cpu/kernels.cpp.o',
    '[ 66%] Building CUDA object CMakeFiles/rsqrt_cuda.dir/native/cuda/kernels.cu.o',
    'In file included from x.cpp',
    '[3/3] Linking CXX shared library Release/rsqrt.node',
  ];
  fakeMachine(compiling(`${steps.map((line) => `echo '${line}'`).join('; ')}; ${copy(binaries.local)}`));
  const { code, stdout, stderr } = userBuild();
  expect([code, stderr]).toEqual([0, '']);
  const file = path.join(out(), 'rsqrt.node');
  expect(stdout.split('\n').slice(2)).toEqual([
    '[1/3] native/cpu/kernels.cpp (avx2)',
    '[66%] native/cuda/kernels.cu (cuda)',
    '[3/3] linking',
    'checking',
    expect.stringMatching(/^Built in \d+ s and checked on (\w+, )*(baseline|neon)\b.*: .*rsqrt\.node$/),
    `${(statSync(file).size / 2 ** 20).toFixed(2)} MiB; instruction sets avx512, avx2, baseline; without CUDA`,
    ...stdout.split('\n').filter((line) => line.startsWith('Not checked: ')),
    'Have it loaded with',
    `export RSQRT_BINARY='${file}'`,
    '',
  ]);
  expect(readdirSync(out())).toEqual(['rsqrt.node']);
  expect(userBuild('--verbose').stdout).toContain(`\n${steps.join('\n')}\n`);
});

test('progress on a terminal is one line that changes and does not wrap', () => {
  const program = `const { Progress } = await import(${JSON.stringify(path.join(root, 'scripts', 'from-source', 'progress.mjs'))});
    const written = [];
    const progress = new Progress({ isTTY: true, columns: 10, write: (text) => written.push(text) });
    progress.step('[1/2] kernels'); progress.step('[2/2]');
    await new Promise((resolve) => setTimeout(resolve, 1200));
    progress.line('done'); progress.clear();
    console.log(JSON.stringify(written.join('')));`;
  const { stdout } = node(['--input-type=module', '-e', program]);
  expect(JSON.parse(stdout).replaceAll('\r\x1b[K', '|')).toMatch(
    /^\|\[1\/2\] ker\|\|\[2\/2\](\|\[2\/2\], \d )+\|done\n$/,
  );
});

describe('an addon that is not right leaves the earlier one in place', () => {
  const earlier = () => path.join(out(), 'rsqrt.node');
  beforeEach(() => {
    mkdirSync(out());
    writeFileSync(earlier(), 'the earlier one');
  });
  const expectRefusal = ({ code, stderr }: Outcome, reason: RegExp) => {
    expect(code).toBe(1);
    expect(stderr).toMatch(reason);
    expect(stderr).toContain('; the earlier one was left as it was. All output is in ');
    expect(readFileSync(earlier(), 'utf8')).toBe('the earlier one');
    expect(readdirSync(out()).sort()).toEqual(['rsqrt-build.log', 'rsqrt.node']);
  };

  test('one that cannot be loaded', () => {
    const file = path.join(folder, 'short');
    writeFileSync(file, 'no addon');
    fakeMachine(compiling(copy(file)));
    expectRefusal(userBuild(), /rsqrt: the addon was built, but checking it failed \(ended with 1\)/);
  });

  test('one that ends the process', () => {
    fakeMachine(compiling(copy(binaries.local)));
    const preload = path.join(folder, 'end.cjs');
    writeFileSync(
      preload,
      "if (process.argv[1].endsWith('check.mjs') && process.env.RSQRT_ISA) process.kill(process.pid, 'SIGSEGV');",
    );
    const { availableIsas } = require('../src/index').info();
    const outcome = node([cli, 'build', '--out', out()], {
      env: { ...environment(), NODE_OPTIONS: `--require "${preload}"` },
    });
    if (availableIsas.length === 1) return skip('an addon that ends the process', 'this CPU has one instruction set');
    expectRefusal(outcome, new RegExp(`but checking it with ${availableIsas[1]} failed \\(ended with SIGSEGV\\)`));
  });
});

test.each<NodeJS.Signals>(['SIGINT', 'SIGTERM'])('%s ends what runs and leaves nothing', async (signal) => {
  fakeMachine(compiling(`/bin/sleep 300 & echo $! > '${folder}/pid'; wait`));
  const child = spawn(process.execPath, [cli, 'build', '--out', out()], { env: { ...process.env, ...environment() } });
  let stderr = '';
  child.stderr.on('data', (text) => (stderr += text));
  const pidFile = path.join(folder, 'pid');
  // Not for ever: a child that ends early never writes the file.
  while (child.exitCode === null && !(existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== ''))
    await setTimeout(20);
  expect([child.exitCode, stderr]).toEqual([null, '']);
  child.kill(signal);
  expect(await once(child, 'close')).toEqual([null, signal]);
  expect(stderr).toBe(`rsqrt: the build was interrupted (${signal}); nothing was changed.\n`);
  expect(existsSync(out())).toBe(false);
  covered('build', 'interrupted');
});

test('two builds at once do not meet', async () => {
  fakeMachine(compiling(`/bin/sleep 1; ${copy(binaries.local)}`));
  const children = [1, 2].map(() =>
    spawn(process.execPath, [cli, 'build', '--out', out()], { env: { ...process.env, ...environment() } }),
  );
  for (const child of children) child.stdout.resume();
  expect(await Promise.all(children.map((child) => once(child, 'close')))).toEqual([
    [0, null],
    [0, null],
  ]);
  expect(readdirSync(out())).toEqual(['rsqrt.node']);
});

test('a folder that cannot be written', () => {
  fakeMachine('');
  writeFileSync(out(), '');
  const { code, stderr } = userBuild();
  expect([code, stderr]).toEqual([
    1,
    `rsqrt: ${out()} cannot be written (EEXIST): build into another folder with --out=DIR, and have the addon loaded from ` +
      'there with RSQRT_BINARY=DIR/rsqrt.node.\n',
  ]);
});

describe('a package as it is installed', () => {
  /** Nobody in particular, if this is root. */
  const uid = process.getuid?.() === 0 ? 65534 : undefined;
  const options = () => ({
    cwd: tmpdir(),
    // No ccache, whose folder may be another user's.
    env: { HOME: undefined, RSQRT_BINARY: undefined, CXXFLAGS: undefined, CMAKE_CXX_COMPILER_LAUNCHER: undefined },
    uid,
    timeout: 900_000,
  });

  /**
   * What of the repository and of its dependencies is installed, in a folder with a name that is
   * hard on who quotes too little.
   */
  function install(): string {
    const copied = path.join(folder, 'some é folder', 'node_modules', 'rsqrt');
    const include = path.join(copied, 'native', 'include');
    chmodSync(folder, 0o755);
    for (const name of [
      'dist',
      'native',
      'cmake',
      'CMakeLists.txt',
      'package.json',
      path.join('scripts', 'from-source'),
    ]) {
      cpSync(path.join(root, name), path.join(copied, name), { recursive: true });
    }
    const modules = path.join(root, 'node_modules');
    for (const headers of ['node-addon-api', path.join('node-api-headers', 'include')]) {
      const from = path.join(modules, headers);
      for (const name of readdirSync(from).filter((file) => file.endsWith('.h'))) {
        cpSync(path.join(from, name), path.join(include, name));
      }
    }
    if (uid !== undefined) chownSync(copied, uid, uid);
    return copied;
  }

  const compiled = testUnlessEmulated('build', 'the compiler is for the one that emulates');
  compiled(
    'is built from source, checked and used; one that computes wrongly takes nobody in',
    () => {
      const copied = install();
      const lists = path.join(copied, 'CMakeLists.txt');
      // In a fraction of the time: not optimised, for the one instruction set that every CPU has,
      // and with a precompiled header. test/install builds all of it as users do
      // (scenarios/source.mjs).
      edit(lists, /-O3/, '-O0');
      edit(lists, /(option\(ONE_INSTRUCTION_SET ".*") OFF\)/, '$1 ON)');
      appendFileSync(lists, 'target_precompile_headers(rsqrt PRIVATE <napi.h>)\n');
      // An addon that computes wrongly when it is told to, so that it need not be compiled twice.
      const rsqrt = path.join(copied, 'native', 'ops', 'rsqrt.h');
      edit(rsqrt, /#pragma once\n/, '#pragma once\n#include <cstdlib>\n');
      edit(rsqrt, /V one = V::splat\(1\)/, 'V one = V::splat(std::getenv("COMPUTE_WRONGLY") ? 1.25 : 1)');

      const command = path.join(copied, 'dist', 'cli.js');
      const release = path.join(copied, 'build', 'Release');
      const file = path.join(release, 'rsqrt.node');
      const built = node([command, 'build', '--cuda=off'], options());
      expect([built.code, built.stderr]).toEqual([0, '']);
      expect(built.stdout).toContain(`: ${file}\n`);
      expect(readdirSync(release)).toEqual(['rsqrt.node']);
      expect(readdirSync(path.join(copied, 'build'))).toEqual(['Release']);
      expect(node([command, '4', '16'], options()).stdout).toBe('tensor([0.5000, 0.2500])\n');

      const again = path.join(folder, 'again.node');
      cpSync(file, again);
      // A byte more, which no loader reads: if this one took the place of the earlier, that would show.
      appendFileSync(again, '\0');
      fakeMachine(compiling(copy(again)));
      const before = readFileSync(file);
      const { env, ...others } = options();
      const wrong = node([command, 'build', '--cuda=off'], {
        env: { ...env, ...environment(), COMPUTE_WRONGLY: '1' },
        ...others,
      });
      expect(wrong.code).toBe(1);
      expect(wrong.stderr).toMatch(
        /^rsqrt: the addon was built, but is wrong: rsqrt of float\d+ 0x\w+ \(contiguous\) is 0x\w+ on (baseline|neon), not 0x\w+; the earlier one was left as it was\. All output is in .*rsqrt-build\.log\.\n$/,
      );
      expect(readFileSync(file).equals(before)).toBe(true);
      covered('build', `from an installed package${uid === undefined ? '' : ', unprivileged'}`);
    },
    1_800_000,
  );

  test('cannot be built in by someone else, who is told of --out', () => {
    if (uid === undefined) return skip('a package that another user installed', 'takes root');
    const copied = install();
    chownSync(copied, 0, 0);
    const { code, stdout, stderr } = node([path.join(copied, 'dist', 'cli.js'), 'build'], options());
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^rsqrt: .*rsqrt.build cannot be written \(EACCES\): build into another folder with --out=DIR, .*\n$/,
    );
  });

  test('without its sources says so', () => {
    const copied = install();
    const command = [path.join(copied, 'dist', 'cli.js'), 'build'];
    for (const name of ['native', 'CMakeLists.txt']) rmSync(path.join(copied, name), { recursive: true });
    const { code, stderr } = node(command);
    expect([code, stderr.split(':')[1]]).toEqual([1, ` ${copied} has no CMakeLists.txt, native`]);
    rmSync(path.join(copied, 'scripts'), { recursive: true });
    expect(node(command)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^rsqrt: build needs the sources of the package, .*\n$/),
    });
  });
});

function edit(file: string, pattern: RegExp, replacement: string) {
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(pattern);
  writeFileSync(file, text.replace(pattern, replacement));
}

/** The folders in which a toolkit's nvcc may lie. */
function nvccFolders(): string {
  const toolkits = ['/usr/local', '/opt'].flatMap((parent) =>
    existsSync(parent) ? readdirSync(parent).map((name) => path.join(parent, name, 'bin')) : [],
  );
  return ['/usr/local/bin', ...toolkits.filter((name) => name.includes('cuda'))].join(';');
}
