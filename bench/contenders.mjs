// Who takes part. Each contender is a process of its own, so that none runs on another's heap or
// pays for another's garbage; commands go to it and times come back, one JSON value a line:
//
//   ["start", threads]    what it is: versions and the like
//   ["prepare", case]     makes the input and output; null, or the reason why it has no such case
//   ["sample", indices]   makes one call; elements of the result (null: compared them itself)
//   ["run", count]        makes so many calls; the nanoseconds they took

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const here = (file) => fileURLToPath(new URL(`contenders/${file}`, import.meta.url));

export const inNode = (file) => ({ command: process.execPath, args: [here('worker.mjs'), file] });

/** The Python that has torch. */
export const PYTHON = process.env.RSQRT_BENCH_PYTHON || 'python3';

/**
 * `threads`: can use several. `isas`: can be told the instruction set. `copies`: computes nothing. `ulps`: how far from
 * the exact result it may be; rsqrt promises the nearest float, others document nothing and are allowed two.
 */
const CONTENDERS = [
  { name: 'rsqrt', ...inNode('rsqrt'), required: true, threads: true, isas: true, ulps: 0.5 },
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
 * Starts those of `names`, of the contenders given, that can do with so many threads and the instruction set (null: the best they have).
 * `skipped` tells, by name, why one is not among them.
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
      // Without threads of its own, rsqrt is skipped like others where threads are asked for.
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
  ended.catch(() => {}); // whoever asks next is told
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
