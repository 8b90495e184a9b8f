// Runs programs of linux-arm64 on another Linux, and whatever they start, without being root and without changing anything:
// qemu-user is registered for them (binfmt_misc) in a user namespace that ends with them. Needs Linux 6.7.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const libraries = '/usr/aarch64-linux-gnu';
/** ARMv8.0, as in AWS Graviton 1 and Raspberry Pi 4: what needs a newer one fails. */
const cpu = 'cortex-a72';

/** An executable for aarch64, as binfmt_misc is told: magic, and a mask that lets any ABI through and libraries, too. */
const magic = '\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00';
const mask = '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff';

/** Waits until the identifiers of the namespace are set, registers $1 and becomes the rest. */
const enter = `echo entered >&3 && read -r _ <&4 && exec 3>&- 4<&- &&
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&
printf '%s' ':rsqrt-arm64:M::${magic}:${mask}:'"$1"':P' > /proc/sys/fs/binfmt_misc/register && shift && exec "$@"`;

/** What is missing here, in a sentence; null if nothing is. */
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

/** Gives the namespace of a process the identifiers of this one; to another user than root, root's: only that may register. */
function mapIdentifiers(pid) {
  const map = (id) => (asRoot ? '0 0 4294967295' : `0 ${id} 1`);
  writeFileSync(`/proc/${pid}/uid_map`, map(process.getuid()));
  if (!asRoot) writeFileSync(`/proc/${pid}/setgroups`, 'deny');
  writeFileSync(`/proc/${pid}/gid_map`, map(process.getgid()));
}

/** Makes, in a folder, what binfmt_misc starts: with $1 the program and $2 its name for itself. */
export function makeInterpreter(folder) {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'interpreter');
  // By its path: tests start programs with a PATH of their own.
  const qemu = execFileSync('sh', ['-c', 'command -v qemu-aarch64'], { encoding: 'utf8' }).trim();
  const text = `#!/bin/sh\nprogram=$1 name=$2; shift 2\nexec '${qemu}' -cpu ${cpu} -L ${libraries} -0 "$name" "$program" "$@"\n`;
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

/**
 * Runs a command where programs of arm64 are started by `interpreter`. Its output is passed on, or returned if `output` is
 * 'pipe'. Returns { status, stdout }; status is the name of a signal if one ended it.
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
  child.stdio[4].on('error', () => {}); // it ended before: its status tells
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status: signal ?? status, stdout }));
  });
}
