// Installs the packages of a folder that has its own package.json and lock file, when something
// needs them. They are kept in the user's cache folder, by what the lock file says, so that every
// clone shares them.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { cacheFolder } from './cache-folder.mjs';

/** What npm reads in the folder. */
const FILES = ['package.json', 'package-lock.json', '.npmrc'];

const filesOf = (folder) => FILES.filter((name) => existsSync(path.join(folder, name)));

/** The packages in a lock file, by where they are installed. */
const packagesOf = (lock) => (existsSync(lock) ? JSON.parse(readFileSync(lock, 'utf8')).packages : {});

/** Whether a package is for this system. */
const isForHere = ({ os = [process.platform], cpu = [process.arch] } = {}) =>
  os.includes(process.platform) && cpu.includes(process.arch);

/** Whether `modules` has what the manifests of `folder` name, in the versions of the lock file. */
function isInstalled(folder, modules) {
  const wanted = packagesOf(`${folder}/package-lock.json`);
  const installed = packagesOf(`${modules}/.package-lock.json`); // npm's own record
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const at = (name) => `node_modules/${name}`;
  const optional = Object.keys(optionalDependencies ?? {}).filter((name) => isForHere(wanted[at(name)]));
  const places = [...Object.keys(dependencies ?? {}), ...optional].map(at);
  return places.every((place) => installed[place]?.version === wanted[place].version);
}

/** Where the packages of `folder` are kept. */
function keptAt(folder, flags) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${flags.join(' ')}\n`);
  for (const name of filesOf(folder)) hash.update(readFileSync(path.join(folder, name)));
  return cacheFolder('modules', `${path.basename(folder)}-${hash.digest('hex').slice(0, 16)}`);
}

/** Runs `npm ci` in a new folder and then names it `kept`, so that `kept` is always whole. */
function install(folder, kept, flags) {
  mkdirSync(path.dirname(kept), { recursive: true });
  const unfinished = mkdtempSync(`${kept}-`);
  for (const name of filesOf(folder)) copyFileSync(path.join(folder, name), path.join(unfinished, name));
  const { status } = spawnSync('npm', ['--prefix', unfinished, 'ci', ...flags], { stdio: 'inherit' });
  if (status === 0) {
    rmSync(kept, { recursive: true, force: true });
    renameSync(unfinished, kept);
    return;
  }
  rmSync(unfinished, { recursive: true });
  process.exit(status ?? 1);
}

/**
 * Makes `folder`/node_modules a link to the packages in the versions of the lock file, which
 * `npm ci` with `flags` installs first where they are not in the cache. `purpose` ends the line
 * that is printed before. Exits if npm fails.
 */
export function installLocked(folder, purpose, flags = []) {
  const modules = path.join(folder, 'node_modules');
  if (isInstalled(folder, modules)) return;
  const kept = keptAt(folder, flags);
  if (!isInstalled(folder, path.join(kept, 'node_modules'))) {
    console.log(`installing ${purpose} in ${kept} …`);
    install(folder, kept, flags);
  }
  rmSync(modules, { recursive: true, force: true });
  symlinkSync(path.join(kept, 'node_modules'), modules, 'junction'); // an ordinary link except on Windows
}
