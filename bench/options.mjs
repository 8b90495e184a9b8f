// The options of the benchmark.

import { parseArgs } from 'node:util';
import { ACCEPTANCE_CONTENDERS } from './cases.mjs';
import { NAMES } from './contenders.mjs';

export const HELP = `Usage: npm run bench -- [options]

  --acceptance     only the cases of the targets
  --filter WORDS   only the cases whose names have all these words, such as 'float64 new'
  --list           print the names of the cases and exit
  --only A,B       only these contenders, of ${NAMES.join(',')}
  --rounds N       rounds of every measurement (default 9)
  --quick          3 short rounds: a quick look, not a result
  --save           write bench/results/<date>-<machine>.json and draw the charts
  --json FILE      write the same numbers to FILE, without charts
  --charts FILE    measure nothing; draw the charts of the result FILE
  -h, --help       print this

RSQRT_BENCH_PYTHON names the Python that has torch (default python3).
RSQRT_BENCH_BEFORE names a built checkout of another version of this package: the contender 'before'.
npm --prefix bench ci installs the other peers.`;

const OPTIONS = {
  acceptance: { type: 'boolean', default: false },
  filter: { type: 'string', default: '' },
  list: { type: 'boolean', default: false },
  only: { type: 'string' },
  rounds: { type: 'string' },
  quick: { type: 'boolean', default: false },
  save: { type: 'boolean', default: false },
  json: { type: 'string' },
  charts: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
};

/** Throws an Error with a message for the user. */
export function parseOptions(args) {
  const { values } = parseArgs({ args, options: OPTIONS });
  const { quick, filter, rounds, only, ...rest } = values;
  return {
    ...rest,
    words: filter.split(/[\s,]+/).filter((word) => word !== ''),
    names: only?.split(',').map(contenderName) ?? (values.acceptance ? ACCEPTANCE_CONTENDERS : NAMES),
    rounds: rounds === undefined ? (quick ? 3 : 9) : wholeNumber(rounds, '--rounds'),
    /** The approximate length of one round of one contender. */
    sampleNs: quick ? 4e6 : 20e6,
  };
}

/** Throws if it is none. */
export function wholeNumber(text, option) {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Error(`${option} must be a whole number from 1; received '${text}'`);
}

function contenderName(text) {
  if (NAMES.includes(text)) return text;
  throw new Error(`--only must name contenders of ${NAMES.join(', ')}; received '${text}'`);
}
