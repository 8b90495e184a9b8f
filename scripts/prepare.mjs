#!/usr/bin/env node
// npm runs this after an installation in the repository, where it builds, and before it packs, when
// prepack has laid out everything.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

if (!['pack', 'publish'].includes(process.env.npm_command)) {
  const build = fileURLToPath(new URL('build.mjs', import.meta.url));
  process.exitCode = spawnSync(process.execPath, [build], { stdio: 'inherit' }).status ?? 1;
}
