// Runs a contender in Node, given the name of its file. ../contenders.mjs is the other end and
// describes the commands.
//
// A contender exports open(threads), which returns { about, prepare }. prepare(case) returns a
// string that says why it has no such case, or
//
//   loops     functions by form: (count) => the last result, perhaps as a promise
//   read      (result, indices) => elements of it, perhaps as a promise
//   release   frees what the collector does not; optional
//   time      (loop, count) => the nanoseconds that loop(count) takes, if the clock cannot measure
//             them; optional

import { createInterface } from 'node:readline';

/** Forms that leave no result to compare. */
const DISPOSED = ['disposed', 'queued'];

let contender;
let work;
let form;

const commands = {
  async start(threads) {
    const { open } = await import(`./${process.argv[2]}.mjs`);
    contender = await open(threads);
    return contender.about;
  },
  async prepare(each) {
    await work?.release?.();
    work = undefined; // releases the last case's memory
    form = each.form;
    const prepared = await contender.prepare(each);
    if (typeof prepared === 'string') return prepared;
    work = prepared;
    return form in work.loops ? null : `${form}: no such form`;
  },
  /** Elements of the first result. */
  async sample(indices) {
    const result = await work.loops[DISPOSED.includes(form) ? 'new' : form](1);
    const values = await work.read(result, indices);
    return values?.map((value) => (Number.isFinite(value) ? value : String(value))) ?? null;
  },
  async run(count) {
    const loop = work.loops[form];
    if (work.time !== undefined) return work.time(loop, count);
    const start = process.hrtime.bigint();
    await loop(count);
    return Number(process.hrtime.bigint() - start);
  },
};

try {
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, ...args] = JSON.parse(line);
    console.log(JSON.stringify(await commands[command](...args)));
  }
} catch (error) {
  const missing = error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND';
  console.error(missing ? 'not installed; npm --prefix bench ci installs it' : error.message);
  process.exitCode = 1;
} finally {
  await work?.release?.();
  process.stdin.destroy(); // after an error it is still open and would keep the process alive
}
