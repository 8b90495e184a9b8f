#!/usr/bin/env node
// Installs the libraries that test/interop.test.ts exchanges tensors with, unless the versions in
// the lock file are installed already.

import { fileURLToPath } from 'node:url';
import { installLocked } from './install-locked.mjs';

installLocked(
  fileURLToPath(new URL('../test/interop', import.meta.url)),
  'what test/interop.test.ts needs (390 MB on disk)',
);
