// The contenders. Each is a separate process, so that none uses another's heap or pays for
// another's garbage. Commands are sent to it and results come back, one JSON value per line:
//
//   ["start", threads]    returns versions and the like
//   ["prepare", case]     makes the input and output; returns null, or why it has no such case
//   ["sample", indices]   makes one call; returns elements of the result, or null if it compared
//                         them itself
//   ["run", count]        makes `count` calls; returns the nanoseconds they took

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const here = (file) => fileURLToPath(new URL(`contenders/${file}`, import.meta.url));

export const inNode = (file) => ({ command: process.execPath, args: [here('worker.mjs'), file] });

/** The Python that has torch. */
export const PYTHON = process.env.RSQRT_BENCH_PYTHON || 'python3';

/**
 * `threads`: can use several threads. `isas`: the instruction set can be chosen. `copies`: computes
 * nothing. `ulps`: the error that is allowed. rsqrt promises the nearest float. The others document
 * nothing and are allowed two ulp.
 */
const CONTENDERS = [
  { name: 'rsqrt', ...inNode('rsqrt'), required: true, threads: true, isas: true, ulps: 0.5 },
  { name: 'before', ...inNode('before'), threads: true, isas: true, ulps: 0.5 },
  {
    name: 'torch',
    command: PYTHON,
    args: [here('torch_worker.py')],
    threads: true,
    isas: true,
    ulps: 2,
  },
  { name: 'onnxruntime', ...inNode('onnxruntime'), threads: true, ulps: 2 },
  { name: 'tfjs', ...inNode('tfjs'), ulps: 2 },
  { name: 'stdlib', ...inNode('stdlib'), ulps: 2 },
  { name: 'JavaScript', ...inNode('javascript'), ulps: 2 },
  { name: 'copy', ...inNode('copy'), copies: true, ulps: 0 },
  { name: 'streaming copy', ...inNode('streaming_copy'), threads: true, copies: true, ulps: 0 },
];

export const NAMES = CONTENDERS.map(({ name }) => name);

/**
 * Starts those contenders of `names` that support this number of threads and this instruction set
 * (null: their best). `skipped` has, by name, why a contender was not started.
 */
export async function startContenders({ threads, isa }, names, all = CONTENDERS) {
  const contenders = [];
  const skipped = {};
  const stop = () => {
    for (const contender of contenders) contender.stop();
  };
  for (const contender of all.filter(({ name }) => names.includes(name))) {
    const { name } = contender;
    if (threads > 1 && !contender.threads) skipped[name] = 'one thread only';
    else if (isa !== null && !contender.isas) skipped[name] = 'cannot be told the instruction set';
    if (name in skipped) continue;
    const worker = startProcess(contender, environment(threads, isa));
    try {
      const about = await worker.ask('start', threads);
      contenders.push({ ...contender, about, ...worker });
    } catch (error) {
      // If rsqrt has no threads, it is skipped like other contenders where threads are requested.
      if (contender.required && threads === 1) {
        stop();
        throw new Error(`${name}: ${error.message}`);
      }
      skipped[name] = error.message;
    }
  }
  return { contenders, skipped, stop };
}

function environment(threads, isa) {
  const isas = isa === null ? {} : { RSQRT_ISA: isa, ATEN_CPU_CAPABILITY: isa };
  return { ...process.env, RSQRT_NUM_THREADS: threads, OMP_NUM_THREADS: threads, MKL_NUM_THREADS: threads, ...isas };
}

function startProcess({ command, args }, env) {
  const child = spawn(command, args, { env });
  const ended = endOf(child, command);
  ended.catch(() => {}); // the next request reports it
  child.stdin.on('error', () => {}); // as above
  const replies = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  return {
    async ask(...message) {
      child.stdin.write(`${JSON.stringify(message)}\n`);
      const { value, done } = await Promise.race([replies.next(), ended]);
      return done ? ended : JSON.parse(value);
    },
    stop() {
      child.stdin.end();
    },
  };
}

/** Rejects with the reason when the process ends. */
function endOf(child, command) {
  return new Promise((_, reject) => {
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    child.on('error', ({ code }) => reject(new Error(`cannot start ${command} (${code})`)));
    child.on('close', (code) => {
      const lastLine = errors.trim().split('\n').at(-1);
      reject(new Error(lastLine || `its process ended with code ${code}`));
    });
  });
}
