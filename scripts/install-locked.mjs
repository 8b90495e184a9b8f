// Installs the packages of a folder that has a package.json and a lock of its own, when something needs them.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** The version of each package that a lock names, by where it is installed. */
function versions(lock) {
  if (!existsSync(lock)) return {};
  const { packages } = JSON.parse(readFileSync(lock, 'utf8'));
  return Object.fromEntries(Object.entries(packages).map(([place, { version }]) => [place, version]));
}

/**
 * Runs `npm ci` with `flags` in `folder`, unless what its package.json names is there in the versions of the lock.
 * `purpose` ends the line that is printed before. Ends the process if npm fails.
 */
export function installLocked(folder, purpose, flags = []) {
  const wanted = versions(`${folder}/package-lock.json`);
  const installed = versions(`${folder}/node_modules/.package-lock.json`); // npm's own note
  const { dependencies } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const places = Object.keys(dependencies).map((name) => `node_modules/${name}`);
  if (places.every((place) => installed[place] === wanted[place])) return;
  console.log(`installing ${purpose} …`);
  const { status } = spawnSync('npm', ['--prefix', folder, 'ci', ...flags], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
