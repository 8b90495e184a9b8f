// A bare copy with non-temporal stores: streaming_copy.cpp, compiled when first needed.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DTYPES, lengthOf } from '../dtypes.mjs';
import { compile } from './compile.mjs';
import { reasonAgainst } from './copy.mjs';

const SOURCE = fileURLToPath(new URL('streaming_copy.cpp', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../build/streaming_copy', import.meta.url));

export function open(threads) {
  if (process.arch !== 'x64' || process.platform !== 'linux') throw new Error('is written for Linux on x86-64');
  compile('c++', ['-std=c++20', '-O2', '-pthread'], [SOURCE], PROGRAM);
  return { about: { threads }, prepare: (each) => reasonAgainst(each) ?? start(each, threads) };
}

function start({ dtype, size }, threads) {
  const bytes = lengthOf(dtype, size) * DTYPES[dtype].array.BYTES_PER_ELEMENT;
  const child = spawn(PROGRAM, [bytes, threads].map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
  const replies = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (number) => {
    child.stdin.write(`${number}\n`);
    return Number((await replies.next()).value);
  };
  return {
    loops: { out: ask },
    /** The program itself compares all bytes. */
    async read() {
      const differing = await ask(0);
      if (differing !== 0) throw new Error(`${differing} bytes were not copied`);
      return null;
    },
    release: () => child.stdin.end(),
  };
}
