// Who takes part. Each contender is a process of its own, so that none runs on another's heap or
// pays for another's garbage; commands go to it and times come back, one JSON value a line:
//
//   ["start", threads]        what it is: versions and the like
//   ["prepare", form, size]   makes the input and output; whether it has this form at all
//   ["run", count]            makes so many calls; the nanoseconds they took

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

const inNode = (name) => ({
  name,
  command: process.execPath,
  args: [here('node_worker.mjs'), name],
});

const CONTENDERS = [
  inNode('rsqrt'),
  {
    name: 'torch',
    command: process.env.RSQRT_BENCH_PYTHON || 'python3',
    args: [here('torch_worker.py')],
    optional: true,
  },
  inNode('JavaScript'),
  inNode('copy'),
];

const THREADS = 1;

/** Starts them all. `skipped` tells, by name, why an optional one is not among them. */
export async function startContenders() {
  const contenders = [];
  const skipped = {};
  const stop = () => {
    for (const contender of contenders) contender.stop();
  };
  for (const { name, optional, ...program } of CONTENDERS) {
    const worker = startProcess(program);
    try {
      const about = await worker.ask('start', THREADS);
      contenders.push({ name, about, ...worker });
    } catch (error) {
      if (!optional) {
        stop();
        throw new Error(`${name}: ${error.message}`);
      }
      skipped[name] = error.message;
    }
  }
  return { contenders, skipped, stop };
}

function startProcess({ command, args }) {
  const child = spawn(command, args);
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
