#!/usr/bin/env node
// npm runs this before `npm run build`, too; without a target there is nothing to do.
import { targets } from './targets.mjs';

console.log(`prebuild: no target given, nothing to do; targets: ${targets.map(({ name }) => name).join(', ')}`);
