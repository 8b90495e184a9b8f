// Runs one example, compiled with `observed` of examples.ts, and posts what its statements print, by
// line.
import { format, inspect } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';

const { file, promised } = workerData;
const printed = {};
const open = []; // the running statements, innermost last

function print(line, text) {
  printed[line] = line in printed ? `${printed[line]}\n${text}` : text;
}

console.log = (...values) => {
  const statement = open.at(-1) ?? { line: 0 };
  statement.hasPrinted = true;
  print(statement.line, format(...values));
};

globalThis.enterStatement = (line) => {
  open.push({ line, hasPrinted: false });
};

globalThis.leaveStatement = (_, value) => {
  const { line, hasPrinted } = open.pop();
  if (line in promised && !hasPrinted) print(line, inspect(value));
};

process.on('exit', () => parentPort.postMessage(printed));
await import(file);
