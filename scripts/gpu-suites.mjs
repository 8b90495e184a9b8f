// Which suites test GPUs. A suite that uses the table of devices (test/support/configurations.ts)
// has to be in one of the two lists; test/gpu-pack.test.ts fails for one that is in neither.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Run on GPUs by scripts/test-gpu.mjs, and in the pack that scripts/pack-gpu.mjs makes. */
export const ON_GPUS = [
  'accuracy',
  'conversions',
  'creation',
  'cuda-async',
  'cuda-copies',
  'cuda-memory',
  'cuda-order',
  'default-dtype',
  'elementwise',
  'programs',
  'indexing',
  'joining',
  'json',
  'lifetime',
  'out-dtype',
  'overlap',
  'printing',
  'random',
  'tensor',
  'torch-tests',
  'view-properties',
  'views',
  'wrong-calls',
];

/** Suites that use the table, or programs of the simulated device, and are not run on GPUs. */
export const NOT_ON_GPUS = {
  'cuda-failures': 'needs the delays of the simulated device',
  'cuda-hazards': 'needs the delays of the simulated device',
  'float-environment': 'tests the CPU only',
  heap: 'tests the JavaScript heap only',
  messages: 'tests messages only',
  ops: 'compares lists of names and dtypes; computes on the CPU only',
  receivers: 'tests what methods are called on, before any device is used',
  simulated: 'tests the simulated device itself',
  threads: 'tests the CPU only',
};

/** Suites of ON_GPUS that need a certain number of GPUs. */
const NEEDS = {
  'wrong-calls': { reason: 'needs exactly two devices', fits: (count) => count === 2 },
};

const ENDING = /\.test\.[jt]s$/;

/** Whether a suite uses more of the table of devices than the paths of the addons. */
function usesDevices(source) {
  const imported = /^import \{([^}]*)\} from '\.\/support\/configurations';$/m.exec(source)?.[1] ?? '';
  const names = imported.split(',').map((name) => name.trim());
  return source.includes("'./support/simulated'") || names.some((name) => name !== '' && name !== 'binaries');
}

/** What is wrong with the lists for the suites in a folder (TypeScript), a sentence each. */
export function faultsOfLists(folder) {
  const suites = readdirSync(folder).filter((file) => file.endsWith('.test.ts'));
  const nameOf = (file) => file.replace(ENDING, '');
  const listed = [...ON_GPUS, ...Object.keys(NOT_ON_GPUS)];
  const missing = listed.filter((name) => !suites.map(nameOf).includes(name));
  const forgotten = suites.filter(
    (file) => !listed.includes(nameOf(file)) && usesDevices(readFileSync(path.join(folder, file), 'utf8')),
  );
  return [
    ...missing.map((name) => `scripts/gpu-suites.mjs lists ${name}, and there is no test/${name}.test.ts`),
    ...forgotten.map((file) => `test/${file} uses devices: add it to ON_GPUS or NOT_ON_GPUS in scripts/gpu-suites.mjs`),
    ...listed
      .filter((name, i) => listed.indexOf(name) !== i)
      .map((name) => `scripts/gpu-suites.mjs lists ${name} twice`),
  ];
}

/**
 * The suites to run on a machine with `count` GPUs, as { files, leftOut }: paths from the root, and
 * reasons by name. `only` is a list of names to choose from. Throws if a suite is missing: without
 * it, everything else might pass.
 */
export function chooseSuites(root, count, only = ON_GPUS) {
  // Plain JavaScript where scripts/pack-gpu.mjs has translated them.
  const there = readdirSync(path.join(root, 'test')).filter((file) => ENDING.test(file));
  const files = [];
  const leftOut = {};
  for (const name of only) {
    const file = there.find((each) => each.replace(ENDING, '') === name);
    if (file === undefined) throw new Error(`test/${name}.test.ts is missing`);
    if (NEEDS[name]?.fits(count) === false) leftOut[name] = NEEDS[name].reason;
    else files.push(`test/${file}`);
  }
  return { files, leftOut };
}
