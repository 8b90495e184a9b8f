// npm run bench: compares rsqrt with its peers and a bare copy, in one run. README.md explains the
// results.

import { judge } from './acceptance.mjs';
import { acceptanceTables, nameOf, TABLES } from './cases.mjs';
import { startContenders } from './contenders.mjs';
import { describeMachine, loadNow } from './machine.mjs';
import { compare } from './measure.mjs';
import { HELP, parseOptions } from './options.mjs';
import { comparePrograms } from './programs.mjs';
import { drawCharts, printAcceptance, printMachine, printTable, printWritten, saveJson } from './report.mjs';

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return console.log(HELP);
  if (options.charts !== undefined) return drawCharts(options.charts);

  const tables = tablesOf(options);
  if (options.list) return console.log(tables.flatMap(({ cases }) => cases.map(nameOf)).join('\n'));

  const load = loadNow();
  console.log(`Time of a call: median of ${options.rounds} rounds, and that divided by rsqrt's; ~ marks unsteady ones`);
  const results = [];
  const about = {};
  const settingsUsed = [];
  /** Reasons, with the names of the contenders skipped for each. */
  const absent = new Map();
  for (const [settings, part] of bySettings(tables)) {
    const { contenders, skipped, stop } = await startContenders(settings, options.names);
    try {
      const present = Object.fromEntries(contenders.map((contender) => [contender.name, contender.about]));
      settingsUsed.push({ ...settings, contenders: present });
      for (const name of Object.keys(present)) about[name] ??= present[name];
      for (const [name, reason] of Object.entries(skipped)) {
        note(absent, `${reason} (${describe(settings)})`, name);
      }
      for (const table of part) {
        const rows = [];
        for (const each of table.cases) rows.push(await compare(contenders, each, options));
        printTable(table, rows);
        results.push(...rows);
      }
    } finally {
      stop();
    }
  }
  for (const { skipped } of results) {
    for (const [name, reason] of Object.entries(skipped)) note(absent, reason, name);
  }

  const acceptance = judge(results);
  if (options.words.length === 0) printAcceptance(acceptance);
  const programs = options.words.length === 0 ? comparePrograms() : [];
  const machine = { ...describeMachine(), load };
  printMachine(machine, about, absent);
  if (options.save || options.json) {
    const file = saveJson(options, {
      machine,
      contenders: about,
      settings: settingsUsed,
      acceptance,
      programs,
      results,
    });
    printWritten(file);
    if (options.save) await drawCharts(file);
  }
}

function tablesOf({ acceptance, words }) {
  const wanted = (each) => words.every((word) => nameOf(each).split(' ').includes(word));
  const tables = (acceptance ? acceptanceTables() : TABLES).map((table) => ({
    ...table,
    cases: table.cases.filter(wanted),
  }));
  const some = tables.filter(({ cases }) => cases.length > 0);
  if (some.length === 0) throw new Error(`--filter must leave a case of those that --list prints; received '${words}'`);
  return some;
}

/**
 * Groups the tables by the settings of a process, as [{ threads, isa }, tables]. They are the same
 * within a table.
 */
function bySettings(tables) {
  const groups = new Map();
  for (const table of tables) {
    const { threads, isa } = table.cases[0];
    const key = `${threads} ${isa}`;
    if (!groups.has(key)) groups.set(key, [{ threads, isa }, []]);
    groups.get(key)[1].push(table);
  }
  return groups.values();
}

function note(namesOf, reason, name) {
  namesOf.set(reason, (namesOf.get(reason) ?? new Set()).add(name));
}

function describe({ threads, isa }) {
  return `${threads} thread${threads === 1 ? '' : 's'}${isa === null ? '' : `, ${isa} forced`}`;
}

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});
