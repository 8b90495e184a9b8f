// Bundlers. What has rsqrt bundled in is moved to a folder without node_modules and must load the addon beside it there.

import { cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync } from 'node:fs';
import path from 'node:path';
import { targets } from '../../../scripts/targets.mjs';
import { addonOf, completePrebuilds } from '../fixtures/project.mjs';

/** Installs, and puts in the folder the program to bundle. Returns the path of the addon that is to be loaded. */
async function project({ folder, fixtures, install }) {
  await install();
  for (const file of ['app.mjs', 'check.cjs']) cpSync(path.join(fixtures, file), path.join(folder, file));
  completePrebuilds(folder);
  return addonOf(folder);
}

/** Runs a program from a foreign working folder: it must load exactly `addon`. */
async function runs({ must, node, version }, program, addon) {
  const { stdout } = await must(node('24'), [program, version, addon], { cwd: '/' });
  if (stdout !== 'checked\n') throw new Error(`${program} printed ${stdout}`);
}

const bundled = (bundler, way, format, title) => ({
  name: `${bundler}, ${title ?? way}, ${format}`,
  quick: bundler === 'esbuild' && way === 'copy' && format === 'cjs',
  run: async (context) => {
    const { folder, fixtures, node, must } = context;
    const addon = await project(context);
    await must(node('24'), [path.join(fixtures, 'bundle.mjs'), bundler, way, format]);
    const out = path.join(folder, 'out');
    const program = readdirSync(out).find((name) => /^app\.\w+$/.test(name));
    if (way === 'external') return runs(context, path.join(out, program), addon);

    const moved = path.join(realpathSync(path.dirname(folder)), 'moved');
    renameSync(out, moved);
    const addons = readdirSync(moved, { recursive: true })
      .filter((file) => file.endsWith('.node'))
      .map((file) => path.join(moved, file));
    // Told the platform, a bundler leaves all but those for its two C libraries.
    const expected = way === 'constants' ? 2 : targets.length;
    if (addons.length !== expected) throw new Error(`expected ${expected} addons, received ${addons}`);
    const bytes = readFileSync(addon);
    const copy = addons.find((file) => readFileSync(file).equals(bytes));
    if (!copy) throw new Error(`none of ${addons} is a copy of ${addon}`);
    await runs(context, path.join(moved, program), copy);
    return `${addons.length} addons`;
  },
});

const traced = {
  name: '@vercel/nft, the traced files alone',
  run: async (context) => {
    const { fixtures, folder, must, node, write } = context;
    const addon = await project(context);
    const trace = path.join(fixtures, 'trace.mjs');
    const { stdout } = await must(node('24'), [trace, 'app.mjs']);
    const files = JSON.parse(stdout);
    const moved = path.join(realpathSync(path.dirname(folder)), 'moved');
    write({ 'package.json': { private: true } }, moved);
    for (const file of files) {
      mkdirSync(path.dirname(path.join(moved, file)), { recursive: true });
      cpSync(path.join(folder, file), path.join(moved, file));
    }
    const found = files.filter((file) => file.endsWith('.node')).map((file) => path.basename(file, '.node'));
    const expected = targets.map(({ name }) => name);
    if (String(found.sort()) !== String(expected.sort())) throw new Error(`traced ${found}, expected ${expected}`);
    const useless = files.filter((file) => /rsqrt\/(native|cmake|scripts|dist\/cli)/.test(file));
    if (useless.length > 0) throw new Error(`traced ${useless}, which the program does not need`);
    await runs(context, path.join(moved, 'app.mjs'), path.join(moved, path.relative(folder, addon)));
    return `${files.length} files`;
  },
};

const both = (bundler, way, title) => ['cjs', 'esm'].map((format) => bundled(bundler, way, format, title));

export default [
  ...both('esbuild', 'external'),
  ...both('esbuild', 'copy', 'loader .node: copy'),
  ...both('esbuild', 'file', 'loader .node: file'),
  bundled('esbuild', 'constants', 'cjs', 'told the platform'),
  ...both('rollup', 'external'),
  ...both('rollup', 'addons', 'addons as assets'),
  ...both('webpack', 'external'),
  ...both('webpack', 'node-loader'),
  ...both('webpack', 'asset/resource'),
  ...both('rspack', 'external'),
  ...both('rspack', 'node-loader'),
  ...both('rspack', 'asset/resource'),
  bundled('vite', 'external', 'esm', 'SSR, external as by default'),
  bundled('vite', 'addons', 'esm', 'SSR, noExternal, addons as assets'),
  ...both('tsup', 'external', 'external as by default'),
  traced,
];
export const rows = 28;
