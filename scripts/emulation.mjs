// Runs programs for linux-arm64, and everything that they start, on another Linux, without root and
// without changing the system. qemu-user is registered for them (binfmt_misc) in a user namespace
// that ends with them. Needs Linux 6.7.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const libraries = '/usr/aarch64-linux-gnu';
/** ARMv8.0, as in AWS Graviton 1 and Raspberry Pi 4. Programs that need a newer CPU fail. */
const cpu = 'cortex-a72';

/**
 * An executable for aarch64, as binfmt_misc identifies it: magic, and a mask that accepts any ABI
 * and also libraries.
 */
const magic = '\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00';
const mask = '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff';

/**
 * Waits until the identifiers of the namespace are set, registers $1, and executes the other
 * arguments.
 */
const enter = `echo entered >&3 && read -r _ <&4 && exec 3>&- 4<&- &&
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&
printf '%s' ':rsqrt-arm64:M::${magic}:${mask}:'"$1"':P' > /proc/sys/fs/binfmt_misc/register && shift && exec "$@"`;

/** A sentence about what is missing on this machine. Null if nothing is. */
export function missing() {
  const [major, minor] = os.release().split('.').map(Number);
  if (process.platform !== 'linux' || major < 6 || (major === 6 && minor < 7)) {
    return `programs of linux-arm64 run on Linux 6.7 or newer, and this is ${os.type()} ${os.release()}.`;
  }
  const packages = [];
  if (spawnSync('qemu-aarch64', ['--version']).status !== 0) packages.push('qemu-user');
  if (!existsSync(path.join(libraries, 'lib/libc.so.6'))) packages.push('libc6-arm64-cross');
  if (!existsSync(path.join(libraries, 'lib/libstdc++.so.6'))) packages.push('libstdc++6-arm64-cross');
  if (packages.length === 0) return null;
  return `programs of linux-arm64 cannot run here: install ${packages.join(' ')} (apt-get install ${packages.join(' ')}).`;
}

const asRoot = process.getuid() === 0;

/**
 * Maps this user's identifiers into the namespace of a process. A user other than root is mapped to
 * root, because only root may register.
 */
function mapIdentifiers(pid) {
  const map = (id) => (asRoot ? '0 0 4294967295' : `0 ${id} 1`);
  writeFileSync(`/proc/${pid}/uid_map`, map(process.getuid()));
  if (!asRoot) writeFileSync(`/proc/${pid}/setgroups`, 'deny');
  writeFileSync(`/proc/${pid}/gid_map`, map(process.getgid()));
}

/**
 * Makes the program in a folder that binfmt_misc starts: $1 is the program, and $2 its name for
 * itself.
 */
export function makeInterpreter(folder) {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'interpreter');
  // By its path, because tests start programs with a PATH of their own.
  const qemu = execFileSync('sh', ['-c', 'command -v qemu-aarch64'], { encoding: 'utf8' }).trim();
  const text = `#!/bin/sh\nprogram=$1 name=$2; shift 2\nexec '${qemu}' -cpu ${cpu} -L ${libraries} -0 "$name" "$program" "$@"\n`;
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

/**
 * Runs a command in an environment where `interpreter` starts arm64 programs. Its output is passed
 * on, or returned if `output` is 'pipe'. Returns { status, stdout }. If a signal ended it, status
 * is the name of the signal.
 */
export function runEmulated(interpreter, command, { output = 'inherit', ...options } = {}) {
  const again = ['unshare', '--user', `--map-user=${process.getuid()}`, `--map-group=${process.getgid()}`];
  const inside = asRoot ? command : [...again, ...command];
  const unshare = ['--user', '--mount', '--keep-caps', 'sh', '-c', enter, 'sh', interpreter, ...inside];
  const child = spawn('unshare', unshare, { ...options, stdio: ['ignore', output, 'inherit', 'pipe', 'pipe'] });
  child.stdio[3].once('data', () => {
    mapIdentifiers(child.pid);
    child.stdio[4].end('mapped\n');
  });
  child.stdio[4].on('error', () => {}); // it has ended already, and its status says how
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status: signal ?? status, stdout }));
  });
}
