// Fails unless everything that `npm run test:gpu -- --json FILE` could test on this GPU was tested.
//
//   node .github/scripts/no-skips.mjs FILE
//
// Stricter than the script itself, which is run by hand on machines without compute-sanitizer or
// with an older Node, too. What needs there to be no GPU is left to test.yml, and what needs a
// second one to a runner that has two.

import { readFileSync } from 'node:fs';

const { passed, simulated, suites, comparison, sanitizer } = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const skipped = [
  ...(simulated ? ['everything: the device was simulated'] : []),
  ...[...(suites?.skipped ?? []), ...(suites?.notAboutGpus ?? [])]
    .filter(({ what }) => !/two GPUs|without a GPU/.test(what))
    .map(({ what, reason }) => `${what}: ${reason}`),
  ...(suites ? [] : ['the suites']),
  ...(comparison && comparison.thinnedOut === null ? [] : ['the comparison of all bit patterns']),
  ...(sanitizer?.tools ? [] : ['compute-sanitizer: it is not installed']),
];
for (const row of skipped) console.error(`skipped: ${row}`);
console.log(`${skipped.length} skipped, 0 required`);
process.exitCode = passed && skipped.length === 0 ? 0 : 1;
