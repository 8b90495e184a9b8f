// A user's own build of the package's sources: the one thing that takes a compiler.

import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';

const rsqrt = './node_modules/rsqrt/dist/cli.js';
const needed = ['cmake', 'c++', 'make'];

const withCompilers = {
  name: 'npx rsqrt build --cuda=off, without an addon for this system, Node 20',
  skip: ({ host }) => {
    const missing = needed.filter((command) => host(command) === undefined);
    return missing.length > 0 ? `${missing.join(', ')} not found` : null;
  },
  run: async (context) => {
    const { folder, install, must, node, sh, version } = context;
    await install({ node: '20' });
    rmSync(path.join(folder, 'node_modules', 'rsqrt', 'prebuilds'), { recursive: true });
    const before = await sh(node('20'), [rsqrt, 'info'], { node: '20' });
    assert.match(before.stderr, /linux-x64\.node \(prebuild\): not found/);

    const options = { node: '20', env: { PATH: process.env.PATH }, seconds: 900 };
    await must(node('20'), [rsqrt, 'build', '--cuda=off'], options);
    cpSync(path.join(context.fixtures, 'check.cjs'), path.join(folder, 'check.cjs'));
    const program = `const rsqrt = require('rsqrt'); require('./check.cjs')(rsqrt, { version: '${version}' });
      console.log(rsqrt.info().addon.source);`;
    const { stdout } = await must(node('20'), ['-e', program], { node: '20' });
    assert.equal(stdout, 'local build\n');
  },
};

const withoutCompilers = {
  name: 'npx rsqrt build, where there is no compiler, Node 24',
  quick: true,
  run: async ({ install, node, sh }) => {
    await install();
    const { code, stderr } = await sh(node('24'), [rsqrt, 'build']);
    assert.equal(code, 1);
    assert.match(stderr, /^rsqrt: building needs CMake 3\.18 or newer: install it, .*\n$/);
  },
};

export default [withCompilers, withoutCompilers];
export const rows = 2;
