// The parts of Node-API that the addon is compiled and linked with.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { BuildError } from './failures.mjs';

const require = createRequire(import.meta.url);

/**
 * The folders of the headers. The package includes them; in the repository they are in
 * node_modules.
 */
export function headerFolders(root) {
  const shipped = path.join(root, 'native', 'include');
  if (existsSync(path.join(shipped, 'napi.h'))) return [shipped];
  try {
    return [require('node-api-headers').include_dir, path.dirname(require.resolve('node-addon-api/package.json'))];
  } catch {
    throw new BuildError(`${shipped} has no headers of Node-API: install rsqrt again.`);
  }
}

/** The module definition files that list the Node-API functions that node.exe exports. */
function definitionFiles(root) {
  const names = ['js_native_api.def', 'node_api.def'];
  const shipped = names.map((name) => path.join(root, 'native', 'include', name));
  return shipped.every((file) => existsSync(file)) ? shipped : Object.values(require('node-api-headers').def_paths);
}

/** Writes one such file for all of Node-API into a folder and returns its path. */
export function writeDefinitions(root, folder) {
  const lists = definitionFiles(root).map((file) => readFileSync(file, 'utf8'));
  const names = new Set(lists.flatMap((list) => list.match(/^(napi|node_api)_\w+/gm)));
  const file = path.join(folder, 'node.def');
  writeFileSync(file, `NAME node.exe\nEXPORTS\n${[...names].join('\n')}\n`);
  return file;
}

/**
 * The import library of node.exe for an architecture (in Node's words), and the arguments with
 * which llvm-lib or lib.exe makes it.
 */
export function importLibraryIn(root, folder, arch) {
  const library = path.join(folder, 'node.lib');
  return { library, args: [`/def:${writeDefinitions(root, folder)}`, `/out:${library}`, `/machine:${arch}`] };
}

/**
 * On Windows, where an addon is linked with node.exe, makes the import library for it and returns
 * its path. Returns null on other systems. (Not run on Windows yet.)
 */
export async function importLibrary(root, folder, commands, onLine) {
  if (process.platform !== 'win32') return null;
  const { library, args } = importLibraryIn(root, folder, process.arch);
  for (const command of ['llvm-lib', 'lib']) {
    try {
      if ((await commands.run(command, args, {}, onLine)) === 0) return library;
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  throw new BuildError(
    'building on Windows needs llvm-lib or lib.exe on PATH: install LLVM, or use a developer command prompt of Visual Studio.',
  );
}
