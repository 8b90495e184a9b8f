// An addon that is missing, damaged or another system's: an error that names it, never a crash.

import { copyFileSync, cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { targets } from '../../../scripts/targets.mjs';
import { cannotRun, systems } from '../support/systems.mjs';

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

/** Damages the installed addon of `target` in each way, one after the other; whole again, it must load. */
const scenario = (name, target, ways, { quick = false, skip = () => null } = {}) => ({
  name: `${target}.node ${name}`,
  quick,
  skip: (context) => cannotRun(target, context) ?? skip(context),
  run: async (context) => {
    const { folder, install, write, must } = context;
    const system = systems[target];
    await install();
    write({ 'program.cjs': program });
    const runner = await system.runner(context);
    const inside = path.join('node_modules', 'rsqrt', 'prebuilds', `${target}.node`);
    const file = path.join(folder, inside);
    const whole = `${file}.whole`;
    cpSync(file, whole);
    for (const [damage, inflict] of Object.entries(ways)) {
      cpSync(whole, file);
      inflict(file);
      await expectLoadError(damage, path.join(system.seen(folder), inside), runner, context);
    }
    cpSync(whole, file);
    await must(runner[0], [...runner.slice(1), './program.cjs']);
  },
});

const oneByOne = Object.entries(damages).map(([name, inflict]) =>
  scenario(name, 'linux-x64', { [name]: inflict }, { quick: name === 'removed' }),
);

/** The addon of this system replaced by that of another. */
const replaced = targets
  .filter(({ name }) => name !== 'linux-x64')
  .map(({ name: other }) => {
    const replace = (file) => copyFileSync(path.join(path.dirname(file), `${other}.node`), file);
    return scenario(
      `replaced by ${other}.node`,
      'linux-x64',
      { replaced: replace },
      {
        skip: (context) => (context.targets.includes(other) ? null : `the package has no ${other}.node`),
      },
    );
  });

export default [
  ...oneByOne,
  scenario('replaced by an executable', 'linux-x64', { replaced: (file) => copyFileSync(process.execPath, file) }),
  ...replaced,
  scenario('in each of these ways, under qemu', 'linux-arm64', damages),
  scenario('in each of these ways, in a root that has only musl', 'linux-x64-musl', damages),
];
export const rows = 16;
