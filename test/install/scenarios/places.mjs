// Places where a program may run: paths, users, mounts, limits, and what Node itself forbids.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, realpathSync, renameSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { addonOf } from '../fixtures/project.mjs';

const PROGRAM = 'place.cjs';

/** Installs, and adds a program that computes and prints 'checked'; its argument is the version of the package. */
async function project({ fixtures, folder, install, write }, options = {}) {
  const { cwd = folder } = options;
  await install(options);
  cpSync(path.join(fixtures, 'check.cjs'), path.join(cwd, 'check.cjs'));
  const text = "require('./check.cjs')(require('rsqrt'), { version: process.argv[2] });\nconsole.log('checked');\n";
  write({ [PROGRAM]: text }, cwd);
}

function checked({ stdout }) {
  if (stdout !== 'checked\n') throw new Error(`printed ${stdout}`);
}

/** Loading must have failed with ERR_LOAD and a reason that matches. */
function refused({ code, stdout, stderr }, reason) {
  if (code !== 1 || !/code: 'ERR_LOAD'/.test(stderr) || !reason.test(stderr)) {
    throw new Error(`expected ERR_LOAD and ${reason}, received exit code ${code}\n${stdout}${stderr}`);
  }
}

const SYSTEM = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const asRoot = process.getuid() === 0 ? ['env'] : ['sudo', '-n', 'env'];

/** What to run a script by sh with: as root, with `variables`, and with mounts of its own. */
const withMounts = (variables, script) => {
  const environment = Object.entries({ PATH: SYSTEM, ...variables }).map(([name, value]) => `${name}=${value}`);
  return [...asRoot, ...environment, 'unshare', '-m', 'sh', '-e', '-c', script];
};

function mayMount() {
  const [command, ...args] = withMounts({}, 'mount -t tmpfs none /mnt');
  return spawnSync(command, args).status === 0;
}

/**
 * A row that runs `script` by sh with mounts of its own. $NODE is a Node, $APP the project, $VERSION the version; /mnt may be
 * mounted over. `judge` is given what came of it.
 */
const mounted = (name, script, judge = checked, quick = false) => ({
  name,
  quick,
  skip: () =>
    mayMount()
      ? null
      : 'mounting takes root or sudo, and is not allowed here; the workflow "packages" has a job "npm run test:install"',
  run: async (context) => {
    await project(context);
    const { folder, node, sh, version } = context;
    const [command, ...args] = withMounts({ NODE: node('24'), APP: folder, VERSION: version, PROGRAM }, script);
    const outcome = await sh(command, args, { env: { PATH: SYSTEM } });
    if (judge === checked && outcome.code !== 0)
      throw new Error(`exit code ${outcome.code}\n${outcome.stdout}${outcome.stderr}`);
    judge(outcome);
  },
});

/** A row that runs the program by Node with `flags`; `judge` as above. */
const flagged = (name, line, flags, { env, reason } = {}) => ({
  name: `${name}, Node ${line}`,
  run: async (context) => {
    await project(context);
    const { node, sh, version } = context;
    const outcome = await sh(node(line), [...flags, PROGRAM, version], { env });
    if (reason) refused(outcome, reason);
    else if (outcome.code !== 0) throw new Error(outcome.stderr);
    else checked(outcome);
  },
});

/** A row that runs the program somewhere: `place` prepares it and returns arguments for `must`. */
const placed = (name, place) => ({
  name,
  run: async (context) => {
    await project(context);
    checked(await context.must(...(await place(context))));
  },
});

const nonAscii = {
  name: 'a path with spaces, quotes and letters beyond ASCII',
  quick: true,
  run: async (context) => {
    const cwd = path.join(context.folder, 'pfad mit ü, 日本 und \'Anführung\' "🎉"');
    mkdirSync(cwd);
    await context.install({ cwd });
    return context.smoke({ cwd });
  },
};

const slim = `
  mount -t tmpfs none /mnt
  mkdir /mnt/app
  cp -r "$APP/node_modules" "$APP/$PROGRAM" "$APP/check.cjs" /mnt/app
  cp "$NODE" /mnt/node
  # librt is a part of the C library that Node does not ask for: there wherever the C library is installed.
  for library in $(ldd "$NODE" | grep -o "/[^ ]*") /lib/*/librt.so.1; do
    mkdir -p "/mnt$(dirname "$library")"
    cp -L "$library" "/mnt$library"
  done
  exec env -i "$(command -v chroot)" /mnt /node "/app/$PROGRAM" "$VERSION"`;

export default [
  nonAscii,
  mounted(
    'a read-only file system, an unprivileged user, no HOME, no environment',
    `mount -t tmpfs none /mnt
     mkdir /mnt/app /mnt/bin
     cp "$NODE" /mnt/bin/node
     cp -r "$APP/." /mnt/app
     chmod -R a+rX /mnt
     mount -o remount,ro /mnt
     cd /
     exec env -i "$(command -v setpriv)" --reuid 65534 --regid 65534 --clear-groups /mnt/bin/node "/mnt/app/$PROGRAM" "$VERSION"`,
    checked,
    true,
  ),
  mounted('a root with nothing but Node, its libraries and the package', slim),
  mounted(
    'no /proc, /sys and /dev/shm',
    `for place in /proc /sys /dev/shm; do mount -t tmpfs -o ro none "$place"; done
     exec "$NODE" "$APP/$PROGRAM" "$VERSION"`,
  ),
  mounted(
    'a file system that nothing may be run from',
    `mount -t tmpfs -o noexec none /mnt
     cp -r "$APP/." /mnt
     exec "$NODE" "/mnt/$PROGRAM" "$VERSION"`,
    (outcome) => refused(outcome, /linux-x64\.node \(prebuild\): failed to map segment .*\n.*noexec/),
  ),
  mounted(
    'the same, with RSQRT_BINARY elsewhere',
    `mount -t tmpfs -o noexec none /mnt
     cp -r "$APP/." /mnt
     export RSQRT_BINARY="$APP/node_modules/rsqrt/prebuilds/linux-x64.node"
     exec "$NODE" "/mnt/$PROGRAM" "$VERSION"`,
  ),
  placed('a symlinked node_modules', ({ folder, node, version }) => {
    const elsewhere = path.join(path.dirname(folder), 'elsewhere');
    renameSync(path.join(folder, 'node_modules'), elsewhere);
    symlinkSync(elsewhere, path.join(folder, 'node_modules'));
    return [node('24'), [PROGRAM, version]];
  }),
  placed('a symlinked package and --preserve-symlinks', ({ folder, node, version }) => {
    const elsewhere = path.join(path.dirname(folder), 'elsewhere');
    const modules = path.join(folder, 'node_modules');
    renameSync(path.join(modules, 'rsqrt'), elsewhere);
    symlinkSync(elsewhere, path.join(modules, 'rsqrt'));
    return [node('24'), ['--preserve-symlinks', PROGRAM, version]];
  }),
  placed('a path of 3,500 letters', ({ folder, node, version }) => {
    const parts = Array(17).fill('x'.repeat(200));
    const deep = path.join(realpathSync(path.dirname(folder)), ...parts);
    mkdirSync(deep, { recursive: true });
    cpSync(folder, deep, { recursive: true });
    return [node('24'), [path.join(deep, PROGRAM), version]];
  }),
  placed('a package found by NODE_PATH', ({ folder, node, version }) => {
    const modules = path.join(path.dirname(folder), 'modules');
    renameSync(path.join(folder, 'node_modules'), modules);
    return [node('24'), [PROGRAM, version], { env: { NODE_PATH: modules } }];
  }),
  placed('32 open files at most', ({ node, version }) => [
    'sh',
    ['-c', 'ulimit -n 32 && exec "$0" "$@"', node('24'), PROGRAM, version],
  ]),
  placed('no home folder, and one that does not exist', ({ node, version }) => [
    node('24'),
    [PROGRAM, version],
    { env: { HOME: '/nonexistent', TMPDIR: '/nonexistent', LANG: undefined } },
  ]),
  flagged('the permission model with --allow-addons', '24', ['--permission', '--allow-addons', '--allow-fs-read=*']),
  flagged('the permission model with --allow-addons', '20', [
    '--experimental-permission',
    '--allow-addons',
    '--allow-fs-read=*',
  ]),
  {
    name: 'the permission model that lets nothing but the project be read, Node 24',
    run: async (context) => {
      await project(context);
      const { folder, must, node, version } = context;
      const read = `--allow-fs-read=${realpathSync(folder)}`;
      checked(await must(node('24'), ['--permission', '--allow-addons', read, PROGRAM, version]));
    },
  },
  flagged('the permission model without addons', '24', ['--permission', '--allow-fs-read=*'], {
    reason: /loading addons is disabled/,
  }),
  flagged('--no-addons', '22', ['--no-addons'], { reason: /loading addons is disabled/ }),
  flagged('--frozen-intrinsics', '24', ['--frozen-intrinsics']),
  flagged('no code from strings', '26', ['--disallow-code-generation-from-strings']),
  flagged('--jitless', '24', ['--jitless']),
  {
    name: 'RSQRT_BINARY names a file that is not there',
    run: async (context) => {
      await project(context);
      const { folder, node, sh, version } = context;
      const env = { RSQRT_BINARY: `${addonOf(folder)}.moved` };
      refused(await sh(node('24'), [PROGRAM, version], { env }), /RSQRT_BINARY/);
    },
  },
];
export const rows = 21;
