#!/usr/bin/env node
// npm runs this after it has packed or published this folder.

import { clearAway } from './packing.mjs';

clearAway();
