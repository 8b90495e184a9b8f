#!/usr/bin/env node
// Runs suites on the Nodes after the oldest supported one: garbage collection, detached and
// resizable buffers, pipes and Node-API differ between them, and some faults show on one of them
// only.
//
//   npm run test:nodes [-- SUITE...] [-- --node=22,26]
//
// SUITE: a name such as memory, for test/memory.test.ts; by default those of SUITES. The Nodes come
// from npm (test/nodes, 590 MB on disk) and are for Linux x64; elsewhere nothing is run, and a line
// says so. Each Node runs all suites, whatever happened on the ones before.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installLocked } from './install-locked.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = path.join(root, 'test', 'nodes');
const require = createRequire(import.meta.url);

/** The suites about buffers, memory, pipes, loading and threads. */
const SUITES = [
  'arrays',
  'cli',
  'cli-pipes',
  'copies',
  'cuda-async',
  'failed-allocations',
  'heap',
  'interop',
  'lifetime',
  'loader',
  'lost-memory',
  'memory',
  'overlap',
  'threads',
  'transfer',
];

const fileOf = (suite) => `test/${suite}.test.ts`;

/** The Nodes of test/nodes, by release line. */
function nodes() {
  const { dependencies } = require(path.join(folder, 'package.json'));
  return Object.keys(dependencies).map((name) => name.slice('node-'.length));
}

function parse() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { node: { type: 'string', default: nodes().join() } },
  });
  const lines = values.node.split(',');
  const unknown = lines.find((line) => !nodes().includes(line));
  if (unknown !== undefined) throw new Error(`--node takes ${nodes().join(', ')}; received '${unknown}'`);
  const suites = positionals.length > 0 ? positionals : SUITES;
  const missing = suites.find((suite) => !existsSync(path.join(root, fileOf(suite))));
  if (missing !== undefined) throw new Error(`there is no suite '${missing}': ${fileOf(missing)} is missing`);
  return { lines, suites };
}

/** Runs the suites on a Node of test/nodes; resolves to { line, version, passed, seconds }. */
function runOn(line, suites) {
  const node = path.join(folder, 'node_modules', `node-${line}`, 'bin', 'node');
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  console.log(`\n== Node ${version}`);
  const jest = path.join(path.dirname(require.resolve('jest/package.json')), 'bin', 'jest.js');
  const begin = performance.now();
  const { status } = spawnSync(node, [jest, '--runTestsByPath', ...suites.map(fileOf)], {
    cwd: root,
    stdio: 'inherit',
  });
  return { version, passed: status === 0, seconds: (performance.now() - begin) / 1000 };
}

async function main() {
  const { lines, suites } = parse();
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log(
      `test-nodes: skipped: test/nodes has Nodes for linux-x64, and this is ${process.platform}-${process.arch}`,
    );
    return;
  }
  if (suites.includes('interop')) await import('./install-interop.mjs');
  installLocked(folder, 'the Nodes of test/nodes (590 MB on disk)');
  const results = lines.map((line) => runOn(line, suites));
  console.log(`\n${suites.length} suites: ${suites.join(', ')}`);
  for (const { version, passed, seconds } of results) {
    console.log(`  Node ${version}: ${passed ? 'passed' : 'FAILED'} (${seconds.toFixed(0)} s)`);
  }
  if (results.some(({ passed }) => !passed)) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(`test-nodes: ${error.message}`);
  process.exitCode = 1;
}
