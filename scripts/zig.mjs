// Builds for other systems with the Zig that npm has (scripts/toolchain), a clang with the headers
// of every C library.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { headerFolders, writeDefinitions } from './from-source/headers.mjs';
import { installLocked } from './install-locked.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const toolchain = fileURLToPath(new URL('toolchain', import.meta.url));

// Node 20 and newer need glibc 2.28 themselves.
const glibc = '2.28';
/** The oldest macOS that Node 20 supports. */
export const macos = '11.0';

/** Zig's name for a target, and CMake's name for its system. */
const abis = { glibc: `linux-gnu.${glibc}`, musl: 'linux-musl', darwin: `macos.${macos}`, win32: 'windows-gnu' };
export const cpus = { x64: 'x86_64', arm64: 'aarch64' };
const systems = { linux: 'Linux', darwin: 'Darwin', win32: 'Windows' };

/** Runs a command and passes its output on. Throws a sentence if it cannot be run or fails. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error?.code === 'ENOENT') throw new Error(`${command} was not found; what building needs is in CONTRIBUTING.md.`);
  if (status !== 0) throw new Error(`${path.basename(command)} ${args[0]} failed.`);
}

/**
 * The path of the zig in scripts/toolchain. Installs it unless the version in the lock file is
 * there.
 */
function installedZig() {
  installLocked(toolchain, 'the Zig of scripts/toolchain (360 MB on disk)', [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
  ]);
  const zig = path.join(toolchain, 'node_modules', '@oven', `zig-${process.platform}-${process.arch}`, 'zig');
  if (!existsSync(zig)) throw new Error(`there is no Zig for ${process.platform}-${process.arch} to build with.`);
  return zig;
}

/**
 * Makes an executable file that calls `zig tool` for a target, because CMake calls compilers by a
 * single name.
 */
function wrapper(folder, tool, zig, options = []) {
  const file = path.join(folder, tool);
  // This Zig refuses -fPIE when it makes an object file. CMake uses that option in its own trials.
  // What CMake learns the compiler's name from needs no linking.
  const text = `#!/bin/sh
for argument; do
  shift
  case $argument in
    -fPIE) set -- "$@" -fPIC ;;
    -pie) ;;
    *CompilerId.cpp) set -- "$@" -c "$argument" ;;
    *) set -- "$@" "$argument" ;;
  esac
done
exec '${zig}' ${tool} ${options.join(' ')} "$@"
`;
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

/**
 * The same in every call: Zig compiles its C++ library, for a minute on two cores, once for each
 * combination of these.
 */
const CONSTANT = ['-O3', '-s'];

/** Makes a C or C++ compiler ('cc' or 'c++') for a target, as a file in a folder. */
export function compilerFor(target, folder, language) {
  const triple = `${cpus[target.arch]}-${abis[target.libc ?? target.platform]}`;
  return wrapper(folder, language, installedZig(), ['-target', triple, ...CONSTANT]);
}

/** The CMake options for Zig as the compiler for a target. */
function compilerArguments(target, folder) {
  if (process.platform === 'win32') throw new Error(`${target.name} cannot be built on Windows.`);
  const zig = installedZig();
  const args = [
    `-DCMAKE_CXX_COMPILER=${compilerFor(target, folder, 'c++')}`,
    `-DCMAKE_AR=${wrapper(folder, 'ar', zig)}`,
    `-DCMAKE_RANLIB=${wrapper(folder, 'ranlib', zig)}`,
  ];
  // Otherwise CMake assumes a build for this machine, which is how CUDA is found.
  if (target.platform !== process.platform || target.arch !== process.arch) {
    const cpu = target.platform === 'darwin' && target.arch === 'arm64' ? 'arm64' : cpus[target.arch];
    args.push(`-DCMAKE_SYSTEM_NAME=${systems[target.platform]}`, `-DCMAKE_SYSTEM_PROCESSOR=${cpu}`);
  }
  if (target.platform === 'win32') args.push(`-DCMAKE_JS_LIB=${importLibrary(folder, zig, target)}`);
  return args;
}

/** The library by which a Windows addon imports Node-API from node.exe. */
function importLibrary(folder, zig, target) {
  const library = path.join(folder, 'libnode.a');
  const machine = { x64: 'i386:x86-64', arm64: 'arm64' }[target.arch];
  run(zig, ['dlltool', '-m', machine, '-d', writeDefinitions(root, folder), '-l', library]);
  return library;
}

/**
 * Configures a build of the addon in a folder, with the compiler that `args` name, and builds it.
 */
export function build(folder, args, env = {}) {
  const configuration = [
    ...['-S', root, '-B', folder, '-G', 'Ninja', '--log-level=WARNING'],
    '-DCMAKE_BUILD_TYPE=Release',
    '-DCMAKE_TRY_COMPILE_CONFIGURATION=Release', // CMake's trials with the options of the build itself
    '-DWERROR=ON',
    `-DCMAKE_JS_INC=${headerFolders(root).join(';')}`,
    ...args,
  ];
  run('cmake', configuration, { env: { ...process.env, ...env } });
  run('cmake', ['--build', folder], { env: { ...process.env, ...env } });
}

// Paths of this machine must not be in the addon. Quoted for the shell that starts the compiler.
export const hidePaths = `-DCMAKE_CXX_FLAGS="-ffile-prefix-map=${root}=./"`;

/** The same with Zig, for a target. */
export function buildWithZig(target, folder, args, env = {}) {
  mkdirSync(folder, { recursive: true });
  build(folder, [hidePaths, ...args, ...compilerArguments(target, folder)], env);
}
