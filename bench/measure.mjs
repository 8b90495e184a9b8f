// How things are measured: contenders take turns, round by round, so that whatever slows the
// machine down for a while slows all of them.

import { setTimeout } from 'node:timers/promises';
import { nameOf } from './cases.mjs';
import { sampleIndices, verify } from './verify.mjs';

// Compiling takes place on another thread and is late where cores are busy: warm is who has not
// become faster for some samples.
const STEADY_SAMPLES = 4;
const FASTER = 0.97;
// Enough for those who never come to rest; in lengths of a sample.
const LONGEST_WARM_UP = 20;
// A large output left to the collector costs most in the call that has to collect: one call alone
// would often not be that one. Calls longer than so many lengths of a sample are slow by themselves.
const FEWEST_CALLS = 3;
const LONG_CALL = 5;
// Between turns, so that the last one's helpers (collector, spinning threads) come to rest.
const PAUSE_MS = 2;

/** Measures one case. Those who have it are the keys of `times`, the others' reasons are in `skipped`. */
export async function compare(contenders, each, { rounds, sampleNs }) {
  const runs = [];
  const skipped = {};
  for (const contender of contenders) {
    const { name, ask } = contender;
    try {
      const reason = (await ask('prepare', each)) ?? (await mistakeOf(contender, each));
      if (reason !== null) {
        skipped[name] = reason;
        continue;
      }
      const run = (count) => ask('run', count);
      runs.push({ name, run, count: await warmUp(run, sampleNs), samples: [] });
    } catch (error) {
      if (contender.required) throw error;
      skipped[name] = error.message; // its process has ended: the next case gets the same answer
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const { run, count, samples } of runs) {
      await setTimeout(PAUSE_MS);
      samples.push((await run(count)) / count);
    }
  }
  const times = Object.fromEntries(runs.map(({ name, count, samples }) => [name, { count, ...summary(samples) }]));
  return { ...each, times, skipped };
}

/** What is wrong about a peer's result, whose time would mean nothing, or null. A wrong one of ours is an error. */
async function mistakeOf({ name, ask, required, copies, ulps }, each) {
  const samples = await ask('sample', sampleIndices(each.size));
  try {
    if (samples !== null) verify(copies ? { ...each, op: 'copy', layout: 'contiguous' } : each, samples, ulps);
    return null;
  } catch (error) {
    const mistake = `wrong result for ${nameOf(each)}: ${error.message}`;
    if (required) throw new Error(`${name}: ${mistake}`);
    return mistake;
  }
}

/** Runs until the code is compiled, and finds the number of calls that take about `sampleNs`. */
async function warmUp(run, sampleNs) {
  let count = 1;
  let fastest = Infinity; // the slow passes were compiling
  for (let spent = 0, steady = 0; spent < LONGEST_WARM_UP * sampleNs && steady < STEADY_SAMPLES; ) {
    const time = await run(count);
    spent += time;
    steady = time / count < fastest * FASTER ? 0 : steady + 1;
    fastest = Math.min(fastest, time / count);
    count = fastest > LONG_CALL * sampleNs ? 1 : Math.max(FEWEST_CALLS, Math.round(sampleNs / fastest));
  }
  return count;
}

/** Nanoseconds per call. */
export function summary(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  /** Between two samples where it falls between them. */
  const quantile = (q) => {
    const place = q * (sorted.length - 1);
    const below = sorted[Math.floor(place)];
    return below + (place % 1) * (sorted[Math.ceil(place)] - below);
  };
  const [lowest, lowerQuartile, median, upperQuartile, highest] = [0, 0.25, 0.5, 0.75, 1].map(quantile);
  return { median, lowest, lowerQuartile, upperQuartile, highest };
}
