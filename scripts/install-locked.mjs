// Installs the packages of a folder that has its own package.json and lock file, when something
// needs them.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** The packages in a lock file, by where they are installed. */
const packagesOf = (lock) => (existsSync(lock) ? JSON.parse(readFileSync(lock, 'utf8')).packages : {});

/** Whether a package is for this system. */
const isForHere = ({ os = [process.platform], cpu = [process.arch] } = {}) =>
  os.includes(process.platform) && cpu.includes(process.arch);

/**
 * Runs `npm ci` with `flags` in `folder`, unless the packages in its package.json are installed in
 * the versions of the lock file. `purpose` ends the line that is printed before. Exits if npm
 * fails.
 */
export function installLocked(folder, purpose, flags = []) {
  const wanted = packagesOf(`${folder}/package-lock.json`);
  const installed = packagesOf(`${folder}/node_modules/.package-lock.json`); // npm's own record
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const at = (name) => `node_modules/${name}`;
  const optional = Object.keys(optionalDependencies ?? {}).filter((name) => isForHere(wanted[at(name)]));
  const places = [...Object.keys(dependencies ?? {}), ...optional].map(at);
  if (places.every((place) => installed[place]?.version === wanted[place].version)) return;
  console.log(`installing ${purpose} …`);
  const { status } = spawnSync('npm', ['--prefix', folder, 'ci', ...flags], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
