// TypeScript projects: strict, and with the declarations of dependencies checked, too.

import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { targets } from '../../../scripts/targets.mjs';
import { link } from '../fixtures/project.mjs';

const allTargets = targets.map(({ name }) => name);

const printed = 'tensor([0.5000, 0.2500, 0.2000]) 3 3 float64 0.5,0.25 true ERR_SHAPE\n';

const compilers = [
  ['5.9', 'typescript'],
  ['6.0', 'typescript-6'],
  ['7.0', 'typescript-7'],
];

/** By the name users know each by: how imports are resolved, in a package of which type. */
const resolutions = {
  node16: { type: 'module', module: 'node16' },
  nodenext: { type: 'module', module: 'nodenext' },
  'nodenext from CommonJS': { type: 'commonjs', module: 'nodenext' },
  bundler: { type: 'module', module: 'esnext', moduleResolution: 'bundler' },
  commonjs: { type: 'commonjs', module: 'commonjs' },
};

/** Installs, and puts the fixtures and a program that prints user.ts's text in the folder. */
async function project({ folder, fixtures, install, write }, type) {
  write({
    'package.json': { name: 'consumer', private: true, type },
    'main.mjs': "import('./user.js').then(({ text }) => console.log(text));\n",
  });
  await install();
  for (const file of ['user.ts', 'wrong.ts', 'float16.ts'])
    cpSync(path.join(fixtures, 'typescript', file), path.join(folder, file));
  link(folder, '@types/node');
}

/** The errors that wrong.ts says it has, as `wrong.ts(line): code`. */
const wanted = (text) =>
  text.split('\n').flatMap((line, i) => {
    const code = /^\/\/ @error (TS\d+)$/.exec(line)?.[1];
    return code ? [`wrong.ts(${i + 2}): ${code}`] : [];
  });

function compiled(version, compiler, resolution) {
  const { type, ...options } = resolutions[resolution];
  // TypeScript 6 left behind the way in which 5 finds the modules of CommonJS.
  if (resolution === 'commonjs') options.moduleResolution = version === '5.9' ? 'node10' : 'bundler';
  return {
    name: `TypeScript ${version}, ${resolution}`,
    quick: version === '5.9' && resolution === 'nodenext',
    run: async (context) => {
      const { folder, must, node, sh, tool, write } = context;
      await project(context, type);
      const tsc = (compilerOptions, ...files) => {
        write({
          'tsconfig.json': {
            compilerOptions: { strict: true, target: 'es2022', skipLibCheck: false, ...options, ...compilerOptions },
            files,
          },
        });
        return sh(node('24'), [tool(compiler, 'tsc'), '--pretty', 'false']);
      };
      const compiles = async (compilerOptions, ...files) => {
        const { code, stdout } = await tsc(compilerOptions, ...files);
        if (code !== 0) throw new Error(`with ${JSON.stringify(compilerOptions)}:\n${stdout}`);
      };

      await compiles({ types: ['node'] }, 'user.ts');
      const { stdout } = await must(node('24'), ['main.mjs']);
      if (stdout !== printed) throw new Error(`printed ${stdout}`);

      const { stdout: errors } = await tsc({ types: ['node'], noEmit: true }, 'wrong.ts');
      const found = [...errors.matchAll(/^(\S+?\(\d+),\d+\): error (TS\d+)/gm)].map(
        ([, place, code]) => `${place}): ${code}`,
      );
      const expected = wanted(readFileSync(path.join(folder, 'wrong.ts'), 'utf8'));
      if (String(found) !== String(expected)) throw new Error(`expected ${expected}\nreceived ${errors}`);

      // Without the types of Node, and with those of the newest JavaScript.
      await compiles({ types: [], lib: ['es2022'], noEmit: true }, 'user.ts');
      if (version === '7.0') await compiles({ types: [], lib: ['esnext'], noEmit: true }, 'float16.ts');
    },
  };
}

/** user.ts run by something that takes TypeScript itself. */
const runner = (name, line, type, args) => ({
  name,
  run: async (context) => {
    const { folder, must, node, tool, write } = context;
    await project(context, type);
    link(folder, 'typescript');
    if (type === 'commonjs') write({ 'tsconfig.json': { compilerOptions: { module: 'commonjs', strict: true } } });
    const user = type === 'module' ? './user.ts' : './user';
    writeFileSync(path.join(folder, 'main.ts'), `import { text } from '${user}';\nconsole.log(text);\n`);
    const { stdout } = await must(node(line), [...args(tool), 'main.ts']);
    if (stdout !== printed) throw new Error(`printed ${stdout}`);
  },
});

/** A checker of packages, on the packed package as the registry has it; it may complain of prebuilds that are left out on purpose. */
const checker = (name, package_, args) => ({
  name,
  run: async ({ folder, sh, node, npm, targets, tool, version }) => {
    await npm(['pack', `rsqrt@${version}`]);
    const file = path.join(folder, `rsqrt-${version}.tgz`);
    const { stdout, stderr } = await sh(node('24'), [tool(package_), file, ...args]);
    const complaints = stdout.split('\n').filter((line) => /^\d+\. /.test(line));
    const leftOut = allTargets.filter((target) => !targets.includes(target));
    const expected = (line) =>
      leftOut.some((target) => line.includes(`prebuilds/${target}.node but the file does not exist`));
    const good = complaints.length > 0 ? complaints.every(expected) : /All good|No problems found/.test(stdout);
    if (!good) throw new Error(`${stdout}${stderr}`);
    return complaints.length > 0 ? `but for ${complaints.length} addons left out` : undefined;
  },
});

export default [
  ...compilers.flatMap(([version, compiler]) =>
    Object.keys(resolutions).map((resolution) => compiled(version, compiler, resolution)),
  ),
  runner('Node 24 strips the types, module', '24', 'module', () => []),
  runner('tsx, module, Node 20', '20', 'module', (tool) => [tool('tsx')]),
  runner('tsx, CommonJS, Node 22', '22', 'commonjs', (tool) => [tool('tsx')]),
  runner('ts-node, CommonJS, Node 20', '20', 'commonjs', (tool) => [tool('ts-node')]),
  checker('publint', 'publint', ['--strict']),
  // Addons have no types.
  checker('attw', '@arethetypeswrong/cli', [
    '--no-color',
    '--no-emoji',
    '--exclude-entrypoints',
    ...allTargets.map((target) => `prebuilds/${target}.node`),
  ]),
];
export const rows = 21;
