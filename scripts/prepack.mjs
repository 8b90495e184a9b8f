#!/usr/bin/env node
// npm runs this before it packs or publishes this folder. It lays out what goes into the package,
// and packs once to check it. RSQRT_TARGETS names the targets whose prebuilds must be there
// (default: all). The usual way is `npm run pack`. npm runs this before that too, and then there is
// nothing to do.

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clearAway, layOut, packInto, refuse } from './packing.mjs';
import { targetsNamed } from './targets.mjs';

async function prepack() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'rsqrt-prepack-'));
  try {
    const wanted = targetsNamed(process.env.RSQRT_TARGETS || 'all');
    layOut(wanted);
    await packInto(folder, wanted);
  } catch (error) {
    clearAway(); // npm does not run postpack after a failure
    refuse(error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (['pack', 'publish'].includes(process.env.npm_command)) await prepack();
