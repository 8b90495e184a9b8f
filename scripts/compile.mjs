#!/usr/bin/env node
// Compiles src/ into dist/: declarations with TypeScript, and the program with esbuild into one
// file, which Node loads in half the time of forty (decision 38). The names that it exports stay
// visible to `import`.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/** Throws if something does not compile. The errors have been printed. */
export function compile() {
  // The types of libraries are checked in lint.
  const options = ['-p', '.', '--emitDeclarationOnly', '--skipLibCheck'];
  const tsc = [require.resolve('typescript/bin/tsc'), ...options];
  if (spawnSync(process.execPath, tsc, { cwd: root, stdio: 'inherit' }).status !== 0) {
    throw new Error('src/ does not compile');
  }
  const { outputFiles } = require('esbuild').buildSync({
    absWorkingDir: root,
    entryPoints: ['src/index.ts', 'src/cli.ts'],
    outdir: 'dist',
    bundle: true,
    platform: 'node',
    target: 'node20.17',
    format: 'cjs',
    charset: 'ascii',
    legalComments: 'none',
    // Other packages, the addons, and the command's own package stay separate files.
    packages: 'external',
    external: ['../prebuilds/*', '../package.json', './index'],
    logLevel: 'warning',
    write: false,
  });
  for (const { path: file, text } of outputFiles)
    writeFileSync(file, inAscii(text), { mode: text.startsWith('#!') ? 0o755 : 0o644 });
}

/**
 * Escapes the characters that esbuild leaves: those in comments. V8 keeps a source of ASCII in one
 * byte a character. On Node 26, each copy of the package whose source took two left 0.4 MB behind
 * that malloc did not use again.
 */
const inAscii = (text) => text.replace(/[^\0-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    compile();
  } catch (error) {
    console.error(`compile: ${error.message}`);
    process.exitCode = 1;
  }
}
