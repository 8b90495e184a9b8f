// The options of the benchmark.

import { parseArgs } from 'node:util';

const SIZES = [4, 64, 1024, 4096, 32_768, 262_144, 4_194_304, 16_777_216];

export const HELP = `Usage: npm run bench -- [options]

  --rounds N     rounds of every measurement (default 9)
  --sizes A,B    numbers of elements (default ${SIZES.join(',')})
  --quick        3 short rounds: a glance, not a result
  --save         write bench/results/<date>-<machine>.json
  --json FILE    write the same to FILE
  -h, --help     print this

RSQRT_BENCH_PYTHON names the Python that has torch (default python3).`;

const OPTIONS = {
  rounds: { type: 'string' },
  sizes: { type: 'string' },
  quick: { type: 'boolean', default: false },
  save: { type: 'boolean', default: false },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
};

/** Throws an Error with a message for the user. */
export function parseOptions(args) {
  const { values } = parseArgs({ args, options: OPTIONS });
  const { quick, save, json, help } = values;
  return {
    help,
    save,
    json,
    rounds: values.rounds === undefined ? (quick ? 3 : 9) : wholeNumber(values.rounds, '--rounds'),
    sizes: values.sizes?.split(',').map((size) => wholeNumber(size, '--sizes')) ?? SIZES,
    /** How long one round of one contender lasts, about. */
    sampleNs: quick ? 4e6 : 20e6,
  };
}

function wholeNumber(text, option) {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Error(`${option} takes whole numbers from 1; received '${text}'`);
}
