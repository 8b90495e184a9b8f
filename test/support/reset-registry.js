// Loads the package anew again and again, as a test runner does for each file: node --expose-gc
// reset-registry.js COPIES
//
// Each copy computes on the CPU and on the simulated device, and disposes of memory, which it keeps
// for reuse. Every fourth time, the addon is loaded again too. Prints the memory of the process
// after a tenth of the copies and after all of them, as JSON.
const path = require('node:path');

const copies = Number(process.argv[2]);
const root = path.join(__dirname, '..', '..', 'dist');
const MiB = 2 ** 20;

async function use({ cuda, full, ones, tensor }) {
  const x = ones(MiB);
  x.rsqrt().dispose();
  x.dispose();
  tensor([4]).rsqrt();
  const y = cuda.stream(() => full([1000], 4, { device: 'cuda' }).rsqrt());
  if ((await y.dataAsync())[999] !== 0.5) throw new Error('wrong');
  new cuda.Event().record();
}

function forget(i) {
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(root) || (i % 4 === 0 && file.endsWith('.node'))) delete require.cache[file];
  }
  module.children.length = 0;
}

async function measure() {
  for (let i = 0; i < 4; i++) {
    global.gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { heapUsed, rss, arrayBuffers } = process.memoryUsage();
  return { heapUsed, rss, arrayBuffers };
}

async function main() {
  const measured = [];
  for (let i = 1; i <= copies; i++) {
    await use(require(root));
    forget(i);
    if (i % 10 === 0) await measure();
    if (i === copies / 10 || i === copies) measured.push(await measure());
  }
  console.log(JSON.stringify(measured));
}

main();
