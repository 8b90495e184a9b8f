// An addon that is missing, damaged or another system's: an error that names it, never a crash.

import { copyFileSync, cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { targets } from '../../../scripts/targets.mjs';
import { systems } from '../support/systems.mjs';

const program = `
try {
  require('rsqrt');
  console.log('{}');
} catch (error) {
  console.log(JSON.stringify({ name: error.name, code: error.code, message: error.message }));
  process.exit(1);
}
`;

const damages = {
  removed: (file) => rmSync(file),
  empty: (file) => truncateSync(file),
  'cut after its first page': (file) => truncateSync(file, 4096),
  'cut in half': (file) => truncateSync(file, readFileSync(file).length >> 1),
  'without its last page': (file) => truncateSync(file, readFileSync(file).length - 4096),
  'a text file': (file) => writeFileSync(file, 'not an addon\n'),
};

/** Expects that the package does not load, exits with 1 and says which file and what to do. */
async function expectLoadError(damage, file, runner, { sh }) {
  const [command, ...args] = runner;
  const { code, signal, stdout, stderr } = await sh(command, [...args, './program.cjs']);
  const fail = (what) => {
    throw new Error(`${damage}: ${what}\n${stdout}${stderr}`);
  };
  if (code !== 1) fail(`expected exit code 1; received ${code ?? signal}`);
  const error = JSON.parse(stdout);
  if (error.name !== 'RsqrtError' || error.code !== 'ERR_LOAD') fail('expected an RsqrtError ERR_LOAD');
  if (!error.message.includes(file)) fail(`expected a message that names ${file}`);
  if (!/\bnp[mx] /.test(error.message)) fail('expected a message that names a command');

  const cli = await sh(command, [...args, './node_modules/rsqrt/dist/cli.js', '4']);
  const said = cli.code === 1 && cli.stdout === '' && cli.stderr.startsWith('rsqrt: ') && cli.stderr.includes(file);
  if (!said) fail(`the command rsqrt: ${JSON.stringify(cli)}`);
}

/**
 * Damages the installed addon of `target` in each way, one after the other, and expects each to be told. The command to run
 * programs is `runner(context)`; inside it the scenario's folder is `seen(folder)`. `whole(context, runner, file)` is done with
 * the addon as it was.
 */
const scenario = (
  name,
  target,
  { ways, skip, quick = false, runner, seen = (folder) => folder, whole = mustLoad },
) => ({
  name: `${target}.node ${name}`,
  quick,
  skip: (context) => (context.targets.includes(target) ? skip?.(context) : `the package has no ${target}.node`),
  run: async (context) => {
    await context.install();
    context.write({ 'program.cjs': program });
    const command = await runner(context);
    const inside = path.join('node_modules', 'rsqrt', 'prebuilds', `${target}.node`);
    const file = path.join(context.folder, inside);
    const told = path.join(seen(context.folder), inside);
    const copy = `${file}.whole`;
    cpSync(file, copy);
    for (const [damage, inflict] of Object.entries(ways)) {
      cpSync(copy, file);
      inflict(file);
      await expectLoadError(damage, told, command, context);
    }
    cpSync(copy, file);
    await whole(context, command, told);
  },
});

const mustLoad = ({ must }, [command, ...args]) => must(command, [...args, './program.cjs']);

/** Damages the addon of a system that can be run here. */
const damaged = (name, target, ways, options) => scenario(name, target, { ways, ...systems[target], ...options });

const oneByOne = Object.entries(damages).map(([name, inflict]) =>
  damaged(name, 'linux-x64', { [name]: inflict }, { quick: name === 'removed' }),
);

/** The addon of this system replaced by that of another. */
const replaced = targets
  .filter(({ name }) => name !== 'linux-x64')
  .map(({ name: other }) => {
    const replace = (file) => copyFileSync(path.join(path.dirname(file), `${other}.node`), file);
    return damaged(
      `replaced by ${other}.node`,
      'linux-x64',
      { replaced: replace },
      {
        skip: (context) => (context.targets.includes(other) ? null : `the package has no ${other}.node`),
      },
    );
  });

/** What makes Node say that it is another one. The loader reads its C library from its executable. */
const pretence = (platform, arch, executable) => `
Object.defineProperty(process, 'platform', { value: ${JSON.stringify(platform)} });
Object.defineProperty(process, 'arch', { value: ${JSON.stringify(arch)} });
process.execPath = ${JSON.stringify(executable)};
`;

/** The addons of all other systems: Node looks for them if it is made to say that it runs there, and cannot load them. */
const pretended = targets
  .filter(({ name }) => !(name in systems))
  .map(({ name, platform, arch, libc }) =>
    scenario('in each of these ways, on a Node that pretends', name, {
      ways: damages,
      runner: ({ node, foreign, write }) => {
        const executable = libc === 'musl' ? foreign('@oven/bun-linux-x64-musl/bin/bun') : node('24');
        write({ 'pretend.cjs': pretence(platform, arch, executable) });
        return [node('24'), '--require', './pretend.cjs'];
      },
      whole: (context, runner, file) => expectLoadError('whole', file, runner, context),
    }),
  );

export default [
  ...oneByOne,
  damaged('replaced by an executable', 'linux-x64', { replaced: (file) => copyFileSync(process.execPath, file) }),
  ...replaced,
  damaged('in each of these ways, under qemu', 'linux-arm64', damages),
  damaged('in each of these ways, in a root that has only musl', 'linux-x64-musl', damages),
  ...pretended,
];
export const rows = 21;
