// What of Node-API the addon is compiled against and linked with.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { BuildError } from './failures.mjs';

const require = createRequire(import.meta.url);

/** The headers' folders: the package brings them along; in the repository they lie in node_modules. */
export function headerFolders(root) {
  const shipped = path.join(root, 'native', 'include');
  if (existsSync(path.join(shipped, 'napi.h'))) return [shipped];
  try {
    return [require('node-api-headers').include_dir, path.dirname(require.resolve('node-addon-api/package.json'))];
  } catch {
    throw new BuildError(`${shipped} has no headers of Node-API: install rsqrt again.`);
  }
}

/** The names that node.exe exports, for its import library. */
function exportsOfNode(root) {
  const shipped = path.join(root, 'native', 'include', 'node_api.def');
  return existsSync(shipped) ? shipped : require('node-api-headers').def_paths.node_api_def;
}

/**
 * On Windows, where an addon is linked with node.exe, makes the import library for that and returns its path; elsewhere
 * null. (Not run on Windows yet.)
 */
export async function importLibrary(root, folder, commands, onLine) {
  if (process.platform !== 'win32') return null;
  const [definitions, library] = [exportsOfNode(root), path.join(folder, 'node.lib')];
  const machine = process.arch === 'arm64' ? 'arm64' : 'i386:x86-64';
  const ways = [
    ['llvm-dlltool', ['-m', machine, '-d', definitions, '-l', library]],
    ['lib', [`/def:${definitions}`, `/out:${library}`, `/machine:${process.arch}`, '/nologo']],
  ];
  for (const [command, args] of ways) {
    try {
      if ((await commands.run(command, args, {}, onLine)) === 0) return library;
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  throw new BuildError(
    'building on Windows needs llvm-dlltool or lib.exe: install LLVM, or build in a developer command prompt of Visual Studio.',
  );
}
