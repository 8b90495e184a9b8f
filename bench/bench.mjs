// npm run bench: float32 rsqrt against torch, plain JavaScript and a bare copy, in one run.
// README.md tells how to read it.

import { startContenders } from './contenders.mjs';
import { describeMachine, loadNow } from './machine.mjs';
import { compare } from './measure.mjs';
import { HELP, parseOptions } from './options.mjs';
import { FORMS, printMachine, printTable, saveJson } from './report.mjs';

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return console.log(HELP);

  const load = loadNow();
  const { contenders, skipped, stop } = await startContenders();
  try {
    console.log('float32 rsqrt on one thread');
    console.log(`Time of a call: median (lowest-highest) of ${options.rounds} rounds`);
    const results = [];
    for (const form of Object.keys(FORMS)) {
      const rows = [];
      for (const size of options.sizes) rows.push(await compare(contenders, form, size, options));
      printTable(form, rows, contenders);
      results.push(...rows);
    }
    const machine = { ...describeMachine(contenders), load };
    printMachine(machine, skipped);
    if (options.save || options.json) saveJson(options, machine, results);
  } finally {
    stop();
  }
}

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});
