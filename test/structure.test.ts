/** The folders of src/ import only in the direction that CONTRIBUTING.md states. */

import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import ts from 'typescript';
import { root } from './support/command';

const src = path.join(root, 'src');

/** The folders in the order of CONTRIBUTING.md: each may import only from those after it. */
const order = [...readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8').matchAll(/^src\/(\w+)\/ /gm)].map(
  ([, folder]) => folder,
);

/** The files, as paths from src/ without their ending. */
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -'.ts'.length).replaceAll(path.sep, '/'));

/** What a file of src/ imports from src/, types included. */
const importsOf = (file: string): string[] =>
  ts
    .preProcessFile(readFileSync(path.join(src, `${file}.ts`), 'utf8'), true, true)
    .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => path.posix.join(path.posix.dirname(file), fileName))
    .filter((imported) => files.includes(imported));

/** The folder whose place in the order a file has. */
function folderOf(file: string): string {
  if (file === 'package') return 'load';
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : 'index';
}

test('CONTRIBUTING.md lists every folder once', () => {
  const folders = files.filter((file) => file.includes('/')).map(folderOf);
  expect(order.toSorted()).toEqual([...new Set(folders)].sort());
});

test('only what must lies outside the folders', () => {
  expect(files.filter((file) => !file.includes('/')).sort()).toEqual(['cli', 'index', 'package']);
});

test('imports between folders go down', () => {
  const between = files
    .flatMap((file) => importsOf(file).map((imported) => ({ file, imported })))
    .filter(({ file, imported }) => folderOf(file) !== 'index' && folderOf(file) !== folderOf(imported));
  expect(between.length).toBeGreaterThan(100);
  const level = (file: string) => ['index', ...order].indexOf(folderOf(file));
  const up = between.filter(({ file, imported }) => level(imported) < level(file));
  // The command takes the types of the package, and loads it only when it is needed.
  expect(up).toEqual([{ file: 'cli/numbers', imported: 'index' }]);
});

test('no file imports itself through others', () => {
  const done = new Set<string>();
  const visit = (file: string, via: readonly string[]): void => {
    if (via.includes(file)) throw new Error([...via.slice(via.indexOf(file)), file].join(' → '));
    if (done.has(file)) return;
    for (const imported of importsOf(file)) if (imported !== file) visit(imported, [...via, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(done.size).toBe(files.length);
});
