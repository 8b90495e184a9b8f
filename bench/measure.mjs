// Measures cases. The contenders take turns in rounds, so that whatever slows the machine down for
// a while slows all of them.

import { setTimeout } from 'node:timers/promises';
import { nameOf } from './cases.mjs';
import { sampleIndices, verify } from './verify.mjs';

// Compilation happens on another thread and is late on busy cores. A contender is warm when it has
// not become faster for some samples.
const STEADY_SAMPLES = 4;
const FASTER = 0.97;
// The limit for contenders that never become steady, in sample lengths.
const LONGEST_WARM_UP = 20;
// For large outputs left to the collector, the call in which the collector runs is the slowest, and
// a single call would often miss it. Calls longer than this many sample lengths are slow by
// themselves.
const FEWEST_CALLS = 3;
const LONG_CALL = 5;
// A pause between turns, in which the helper threads of the last contender (collector, spinning
// threads) become idle.
const PAUSE_MS = 2;

/**
 * Measures one case. `times` has the contenders that support it, and `skipped` the reasons of the
 * others.
 */
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
      skipped[name] = error.message; // its process has ended, so the next case gets the same error
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

/**
 * What is wrong with a contender's result, or null. The time of a wrong result would mean nothing.
 * A wrong result of rsqrt is an error.
 */
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
  let fastest = Infinity; // slower passes included compilation
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
  /** Interpolates between two samples if the quantile falls between them. */
  const quantile = (q) => {
    const place = q * (sorted.length - 1);
    const below = sorted[Math.floor(place)];
    return below + (place % 1) * (sorted[Math.ceil(place)] - below);
  };
  const [lowest, lowerQuartile, median, upperQuartile, highest] = [0, 0.25, 0.5, 0.75, 1].map(quantile);
  return { median, lowest, lowerQuartile, upperQuartile, highest };
}
