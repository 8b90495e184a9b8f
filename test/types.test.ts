/** The types of the built package, as its users' compilers read them: what is known of dtypes, and what is refused. */

import { cpSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import ts from 'typescript';
import { compile, makeConsumer } from './support/consumer';
import { covered } from './support/coverage';

let folder: string;
beforeAll(() => {
  folder = makeConsumer();
  cpSync(path.join(__dirname, 'types'), folder, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

const { ESNext, NodeNext } = ts.ModuleKind;
const bundler = { module: ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
const node = { module: NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };

test.each([
  ['nodenext', 'module', node],
  ['nodenext', 'commonjs', node],
  ['bundler', 'module', bundler],
])('moduleResolution %s, type %s', (resolution, type, options) => {
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ type }));
  const files = ['narrowing.ts', 'wrong-calls.ts'].map((name) => path.join(folder, name));
  const { complaints } = compile(files, { ...options, exactOptionalPropertyTypes: true });
  expect(complaints.map(({ file, line, text }) => `${path.basename(file)}:${line}: ${text}`)).toEqual([]);
  covered('types', `${resolution} (${type})`);
});
