// A contender that runs in Node, by name; contenders.mjs is the other end.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { copy, javaScript, rsqrtOf } from './loops.mjs';

const PROGRAMS = {
  rsqrt: () => rsqrtOf(createRequire(import.meta.url)('..')),
  JavaScript: () => javaScript,
  copy: () => copy,
};

/** The values 0.5 to 4.4, over and over. */
function values(size) {
  return Float32Array.from({ length: size }, (_, i) => 0.5 + (i % 1000) / 256);
}

function serve({ about, wrap, loops }) {
  let loop;
  let x;
  let out;
  return {
    start: () => about,
    prepare(form, size) {
      loop = loops[form];
      x = wrap(values(size));
      out = wrap(new Float32Array(size));
      return loop !== undefined;
    },
    run(count) {
      const start = process.hrtime.bigint();
      loop(x, out, count);
      return Number(process.hrtime.bigint() - start);
    },
  };
}

try {
  const commands = serve(PROGRAMS[process.argv[2]]());
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, ...args] = JSON.parse(line);
    console.log(JSON.stringify(commands[command](...args)));
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
