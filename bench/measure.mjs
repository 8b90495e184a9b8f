// How things are measured: contenders take turns, round by round, so that whatever slows the
// machine down for a while slows all of them.

// Compiling takes place on another thread and is late where cores are busy.
const WARM_UP_SAMPLES = 10;
// A large output left to the collector costs most in the call that has to collect: one call alone
// would often not be that one.
const FEWEST_CALLS = 3;

/** Measures one form at one size. The contenders that have it are the keys of `times`. */
export async function compare(contenders, form, size, { rounds, sampleNs }) {
  const runs = [];
  for (const { name, ask } of contenders) {
    if (!(await ask('prepare', form, size))) continue;
    const run = (count) => ask('run', count);
    runs.push({ name, run, count: await warmUp(run, sampleNs), samples: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { run, count, samples } of runs) samples.push((await run(count)) / count);
  }
  const times = Object.fromEntries(runs.map(({ name, count, samples }) => [name, { count, ...summary(samples) }]));
  const torchOverRsqrt = times.torch === undefined ? null : times.torch.median / times.rsqrt.median;
  return { form, size, times, torchOverRsqrt };
}

/** Runs until the code is compiled, and finds the number of calls that take about `sampleNs`. */
async function warmUp(run, sampleNs) {
  let count = FEWEST_CALLS;
  let fastest = Infinity; // the slow passes were compiling
  for (let spent = 0; spent < WARM_UP_SAMPLES * sampleNs; ) {
    const ns = await run(count);
    spent += ns;
    fastest = Math.min(fastest, ns / count);
    count = Math.max(FEWEST_CALLS, Math.round(sampleNs / fastest));
  }
  return count;
}

/** Nanoseconds per call. */
function summary(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2; // between two samples if their number is even
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  return { median, lowest: sorted[0], highest: sorted.at(-1) };
}
