// Removing or corrupting the installed prebuild: an error that names it, never a crash.

import { copyFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const program = `
try {
  require('rsqrt');
} catch (error) {
  console.log(JSON.stringify({ name: error.name, code: error.code, message: error.message }));
  process.exit(1);
}`;

const scenario = (name, damage, { quick = false, target = 'linux-x64' } = {}) => ({
  name,
  quick,
  run: async ({ folder, install, write, sh, node }) => {
    await install();
    const file = path.join(folder, 'node_modules', 'rsqrt', 'prebuilds', `${target}.node`);
    damage(file);
    write({ 'program.cjs': program });

    const { code, signal, stdout, stderr } = await sh(node('24'), ['program.cjs']);
    if (code !== 1) throw new Error(`expected exit code 1; received ${code ?? signal}\n${stdout}${stderr}`);
    const error = JSON.parse(stdout);
    if (error.name !== 'RsqrtError' || error.code !== 'ERR_LOAD') throw new Error(`received ${stdout}`);
    if (!error.message.includes(file)) throw new Error(`${file} is not named in: ${error.message}`);
    if (!/\bnp[mx] /.test(error.message)) throw new Error(`no command is named in: ${error.message}`);

    const command = await sh(node('24'), [path.join('node_modules', 'rsqrt', 'dist', 'cli.js'), '4']);
    if (command.code !== 1 || !command.stderr.startsWith('rsqrt: ') || command.stdout !== '') {
      throw new Error(`the command rsqrt: ${JSON.stringify(command)}`);
    }
  },
});

export default [
  scenario('removed', (file) => rmSync(file), { quick: true }),
  scenario('empty', (file) => truncateSync(file)),
  scenario('first page only', (file) => truncateSync(file, 4096)),
  scenario('a text file', (file) => writeFileSync(file, 'not an addon')),
  scenario('an executable', (file) => copyFileSync(process.execPath, file)),
];
export const rows = 5;
