// The order of the suites: the longest first, so that no worker is left with a long one at the end.
// jest remembers how long each suite took, but in a fresh clone it has nothing to remember.
const path = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Suites that take much longer than others, the longest first; a run lists them at its end. */
const LONGEST = [
  'elementwise',
  'gpu-pack',
  'torch-tests',
  'pack',
  'cuda-failures',
  'build',
  'loader',
  'failed-allocations',
  'cli-pipes',
  'docs',
  'addon-wrong-calls',
  'threads',
  'interop',
  'tensor',
  'copies',
  'format',
  'cuda-copies',
  'memory',
  'accuracy',
];

const nameOf = (test) => path.basename(test.path).replace(/\.test\.[jt]s$/, '');

function rankOf(test) {
  const index = LONGEST.indexOf(nameOf(test));
  return index === -1 ? LONGEST.length : index;
}

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    if (sorted.some((test) => test.duration !== undefined)) return sorted;
    return sorted.sort((a, b) => rankOf(a) - rankOf(b)); // stable: the others stay in jest's order
  }
};
