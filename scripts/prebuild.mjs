#!/usr/bin/env node
// Builds the addons that the package contains: prebuilds/<target>.node.
//
//   npm run prebuild -- TARGET... [--cuda=auto|on|off]
//
// TARGET: a name of scripts/targets.mjs, a platform (linux) or all.
//
// The Zig that npm has (scripts/toolchain) builds all addons for Linux. It is a clang with the
// headers of every C library: for the GNU C library of Debian 10 and RHEL 8 or for musl, on x64 or
// arm64, all on one machine, with libc++ linked statically. On a Mac or on Windows, the machine's
// own compiler (clang, clang-cl) builds the machine's own targets, as they are released. On Linux,
// Zig builds those too, which only shows whether they compile and link.
//
// Only linux-x64 has CUDA. nvcc compiles its kernels with the machine's own g++ (or CUDAHOSTCXX),
// and they are linked with the rest. --cuda=auto, the default, uses nvcc if it is there.
//
// npm also runs this before `npm run build`. Without a target there is nothing to do.

import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { importLibraryIn } from './from-source/headers.mjs';
import { prebuildFile, prebuilds, targets, targetsNamed } from './targets.mjs';
import { build as buildWith, buildWithZig, cpus, hidePaths, macos, run } from './zig.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The library by which a Windows addon imports Node-API from node.exe. */
function importLibrary(folder, target) {
  const { library, args } = importLibraryIn(root, folder, target.arch);
  run('llvm-lib', args);
  return library;
}

/** The CMake options for this machine's own compiler. */
function nativeArguments(target, folder) {
  if (target.platform === 'darwin') {
    const cpu = { x64: 'x86_64', arm64: 'arm64' }[target.arch];
    return [
      hidePaths,
      `-DCMAKE_OSX_ARCHITECTURES=${cpu}`,
      `-DCMAKE_OSX_DEPLOYMENT_TARGET=${macos}`,
      ...(target.arch === process.arch ? [] : ['-DCMAKE_SYSTEM_NAME=Darwin', `-DCMAKE_SYSTEM_PROCESSOR=${cpu}`]),
    ];
  }
  return [
    '-DCMAKE_CXX_COMPILER=clang-cl',
    '-DCMAKE_LINKER=lld-link',
    `-DCMAKE_CXX_COMPILER_TARGET=${cpus[target.arch]}-pc-windows-msvc`,
    `-DCMAKE_JS_LIB=${importLibrary(folder, target)}`,
    ...(target.arch === process.arch
      ? []
      : ['-DCMAKE_SYSTEM_NAME=Windows', `-DCMAKE_SYSTEM_PROCESSOR=${cpus[target.arch]}`]),
  ];
}

/** The target for which nvcc can run, and its kernels. */
const takesCuda = (target) => target.name === 'linux-x64' && process.platform === 'linux' && process.arch === 'x64';

function build(target, cuda) {
  const folder = path.join(root, `build-prebuild-${target.name}`);
  mkdirSync(folder, { recursive: true });
  const own = target.platform === process.platform && target.platform !== 'linux';
  console.log(`\n== ${target.name}`);
  const withCuda = `-DCUDA=${takesCuda(target) ? cuda : 'OFF'}`;
  const environment = { CUDAHOSTCXX: process.env.CUDAHOSTCXX ?? 'g++' };
  if (own) buildWith(folder, [withCuda, ...nativeArguments(target, folder)], environment);
  else buildWithZig(target, folder, [withCuda], environment);
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
  // In one step, because suites may run meanwhile.
  copyFileSync(path.join(folder, 'rsqrt.node'), `${prebuildFile(target)}.new`);
  renameSync(`${prebuildFile(target)}.new`, prebuildFile(target));
}

function parse() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { cuda: { type: 'string', default: 'auto' } },
  });
  if (!['auto', 'on', 'off'].includes(values.cuda)) {
    throw new Error(`--cuda must be auto, on or off; received '${values.cuda}'.`);
  }
  const wanted = positionals.flatMap(targetsNamed);
  if (values.cuda === 'on' && !wanted.some(takesCuda))
    throw new Error('--cuda=on is for linux-x64, on such a machine.');
  return { cuda: values.cuda.toUpperCase(), wanted };
}

try {
  const { cuda, wanted } = parse();
  if (wanted.length === 0) {
    console.log(`prebuild: no target given, nothing to do; targets: ${targets.map(({ name }) => name).join(', ')}`);
  }
  for (const target of wanted) build(target, cuda);
} catch (error) {
  console.error(`prebuild: ${error.message.replace(/\.?$/, '.')}`);
  process.exitCode = 1;
}
