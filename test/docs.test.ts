/**
 * What is documented holds: every example compiles and prints what it says, and every link leads
 * somewhere.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { root } from './support/command';
import { binaries } from './support/configurations';
import { type Complaint, compile, makeConsumer } from './support/consumer';
import { covered } from './support/coverage';
import {
  type Example,
  examplesOf,
  exportsOf,
  observed,
  type Printed,
  placeOf,
  promisesOf,
  withImports,
} from './support/examples';

const filesOf = (folder: string, ending: string, recursive = false): string[] =>
  readdirSync(path.join(root, folder), { recursive, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => path.posix.join(folder, name));

const documents = ['.', 'docs', 'docs/decisions'].flatMap((folder) => filesOf(folder, '.md'));
const examples = [...documents, ...filesOf('src', '.ts', true)].flatMap(examplesOf);
covered('examples in', ...examples.map(({ file }) => file));

let folder: string;
let complaints: Complaint[];

const fileOf = (example: Example): string => path.join(folder, `${examples.indexOf(example)}.mts`);

beforeAll(() => {
  folder = makeConsumer();
  const exported = exportsOf(path.join(root, 'dist', 'index.d.ts'));
  for (const example of examples) writeFileSync(fileOf(example), withImports(example, exported));
  const compiled = compile(examples.map(fileOf), { inlineSourceMap: true });
  compiled.program.emit(undefined, undefined, undefined, false, { before: [observed] });
  complaints = compiled.complaints;
});
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * Runs a compiled example in a thread, so that it has a copy of the package, and its settings, to
 * itself.
 */
function run(example: Example, promised: Printed): Promise<Printed> {
  const worker = new Worker(path.join(__dirname, 'support', 'example-worker.mjs'), {
    env: { ...process.env, RSQRT_BINARY: binaries.simulated },
    execArgv: ['--enable-source-maps'],
    workerData: { file: pathToFileURL(fileOf(example).replace(/mts$/, 'mjs')).href, promised },
  });
  return new Promise((resolve, reject) => {
    let printed: Printed;
    worker.on('message', (message) => {
      printed = message;
    });
    worker.on('error', (error) => {
      const line = Number(/\.mts:(\d+)/.exec(error.stack ?? '')?.[1] ?? 1);
      reject(new Error(`${placeOf(example, line)}: ${error}`));
    });
    worker.on('exit', () => resolve(printed));
  });
}

test.each(examples.map((example) => [placeOf(example, 1), example] as const))('%s', async (_, example) => {
  const byPlace = (printed: Printed) =>
    Object.fromEntries(Object.entries(printed).map(([line, text]) => [placeOf(example, Number(line)), text]));
  const own = complaints.filter(({ file }) => file === fileOf(example) || file === '');
  expect(own.map(({ line, text }) => `${placeOf(example, line)}: ${text}`)).toEqual([]);
  const { promised, unchecked } = promisesOf(example);
  expect(unchecked.map((line) => `${placeOf(example, line)}: what is behind a declaration is not checked`)).toEqual([]);
  expect(byPlace(await run(example, promised))).toEqual(byPlace(promised));
});

test.each([...documents, 'bench/README.md'])('the links of %s', (document) => {
  const text = readFileSync(path.join(root, document), 'utf8');
  const targets = [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].map(([, target]) => target);
  const lost = targets.filter(
    (target) => !/^https?:/.test(target) && !existsSync(path.join(root, path.dirname(document), target)),
  );
  expect(lost).toEqual([]);
});

/**
 * Lines of prose of more than 100 columns. What cannot be wrapped is left out: tables, headings,
 * images, code, and a link or a name that fills a line.
 */
function longLines(document: string): string[] {
  let isCode = false;
  return readFileSync(path.join(root, document), 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const isFence = /^[\s>]*(```|~~~)/.test(line);
      if (isFence) isCode = !isCode;
      if (isFence || isCode || /^\s*(#+ |\||!\[|\[[^\]]+\]: )/.test(line)) return [];
      const columns = [...line].length;
      const isOneWord = !line.replace(/^\s*([-*+>]|\d+\.)?\s*/, '').includes(' ');
      return columns > 100 && !isOneWord ? [`${document}:${index + 1}: ${columns} columns`] : [];
    });
}

test('prose is wrapped at 100 columns', () => {
  const tracked = execFileSync('git', ['ls-files', '-z', '*.md'], { cwd: root, encoding: 'utf8' });
  // THIRD-PARTY-NOTICES.md quotes licences as they were written.
  const ours = tracked.split('\0').filter((name) => name !== '' && name !== 'THIRD-PARTY-NOTICES.md');
  expect(ours).toContain('README.md');
  expect(ours.flatMap(longLines)).toEqual([]);
});
