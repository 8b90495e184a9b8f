#!/usr/bin/env node
// Installs the libraries that test/interop.test.ts exchanges tensors with, unless they are there in the versions of the lock.

import { fileURLToPath } from 'node:url';
import { installLocked } from './install-locked.mjs';

installLocked(
  fileURLToPath(new URL('../test/interop', import.meta.url)),
  'what test/interop.test.ts needs (390 MB on disk)',
);
