// Programs that use the package: test runners, threads, processes, applications in one file, Electron's rules.

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { addonOf, completePrebuilds, link } from '../fixtures/project.mjs';

/** Installs, and copies files of fixtures/users/ into the folder. */
async function project({ folder, fixtures, install }, ...files) {
  await install();
  for (const file of files) cpSync(path.join(fixtures, 'users', file), path.join(folder, file));
}

function checked({ stdout }) {
  if (stdout !== 'checked\n') throw new Error(`printed ${stdout}`);
}

/** Five copies of a suite, as many as make a runner start several workers, and reset.js under jest. */
const jest = (version, tool, flags, line) => ({
  name: `jest ${version} ${flags.join(' ')}, Node ${line}`,
  run: async (context) => {
    const { fixtures, must, node, write } = context;
    await project(context);
    const text = (name) => readFileSync(path.join(fixtures, 'users', name), 'utf8');
    write({
      'jest.config.json': { testEnvironment: 'node' },
      'reset.test.js': text('reset.js'),
      ...Object.fromEntries([1, 2, 3, 4, 5].map((i) => [`suite-${i}.test.js`, text('suite.js')])),
    });
    const { stderr } = await must(node(line), [context.tool(tool, 'jest'), '--ci', ...flags], { node: line });
    if (!/^Tests: +18 passed, 18 total$/m.test(stderr)) throw new Error(stderr);
    if (/did not exit|failed to exit gracefully/.test(stderr)) throw new Error(stderr);
    return '18 tests in 6 files';
  },
});

const vitest = (pool, isolate) => ({
  name: `vitest 4, pool ${pool}${isolate ? '' : ' without isolation'}`,
  run: async (context) => {
    const { folder, fixtures, must, node, tool, write } = context;
    await project(context);
    const text = readFileSync(path.join(fixtures, 'users', 'suite.js'), 'utf8')
      // vitest gives modules no require().
      .replace(/^const \{ (.*) \} = require\('rsqrt'\);$/m, "import { $1 } from 'rsqrt';")
      .replace(
        /^const \{ Worker \} = .*$/m,
        "import { Worker } from 'node:worker_threads';\nimport { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
      );
    write(Object.fromEntries([1, 2, 3, 4, 5].map((i) => [`suite-${i}.test.js`, text])));
    link(folder, 'vitest');
    const flags = ['run', '--globals', `--pool=${pool}`, `--isolate=${isolate}`, '--no-color'];
    const { stdout } = await must(node('24'), [tool('vitest'), ...flags]);
    if (!/Tests +15 passed \(15\)/.test(stdout)) throw new Error(stdout);
    return '15 tests in 5 files';
  },
});

const nodeTest = (line, flags) => ({
  name: `${['node:test', ...flags].join(' ')}, Node ${line}`,
  run: async (context) => {
    await project(context, 'node-test.mjs');
    const { folder, must, node } = context;
    for (const i of [1, 2, 3])
      copyFileSync(path.join(folder, 'node-test.mjs'), path.join(folder, `suite-${i}.test.mjs`));
    const { stdout } = await must(node(line), ['--test', '--test-reporter=tap', ...flags], { node: line });
    if (!/^# pass 8$/m.test(stdout) || !/^# fail 0$/m.test(stdout)) throw new Error(stdout);
  },
});

const program = (name, file, line) => ({
  name: `${name}, Node ${line}`,
  run: async (context) => {
    await project(context, file);
    checked(await context.must(context.node(line), [file]));
  },
});

const ways = {
  beside: { title: 'bundled, the addon beside it', loader: 'file' },
  asset: { title: 'bundled, the addon as an asset', loader: 'copy' },
  package: { title: 'node_modules beside it', loader: 'copy' },
};

/** A copy of Node with the program and its assets in it, in a folder of its own. */
function sea(way, line) {
  const { title, loader } = ways[way];
  return {
    name: `single executable, ${title}, Node ${line}`,
    run: async (context) => {
      const { folder, fixtures, must, node, tool, version, write } = context;
      await project(context, 'sea.cjs');
      copyFileSync(path.join(fixtures, 'check.cjs'), path.join(folder, 'check.cjs'));
      const prebuild = addonOf(folder);
      write({ 'app.mjs': "import './sea.cjs';\n" });
      completePrebuilds(folder);
      await must(node('24'), [path.join(fixtures, 'bundle.mjs'), 'esbuild', loader, 'cjs']);
      write({
        'sea.json': {
          main: 'out/app.cjs',
          output: 'blob',
          disableExperimentalSEAWarning: true,
          assets: { 'rsqrt.node': prebuild },
        },
      });
      await must(node(line), ['--experimental-sea-config', 'sea.json']);

      const moved = path.join(realpathSync(path.dirname(folder)), 'moved');
      const executable = path.join(moved, 'application');
      write({}, moved);
      cpSync(node(line), executable, { dereference: true });
      chmodSync(executable, 0o755);
      const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
      await must(node('24'), [tool('postject'), executable, 'NODE_SEA_BLOB', 'blob', '--sentinel-fuse', fuse]);
      let addon = path.join(moved, 'cache', 'rsqrt.node');
      if (way === 'package') {
        cpSync(path.join(folder, 'node_modules'), path.join(moved, 'node_modules'), { recursive: true });
        addon = path.join(moved, 'node_modules', 'rsqrt', 'prebuilds', 'linux-x64.node');
      } else if (way === 'beside') {
        const name = readdirSync(path.join(folder, 'out')).find(
          (file) => /^linux-x64-\w+\.node$/.test(file) && !file.includes('musl'),
        );
        addon = path.join(moved, name);
        copyFileSync(path.join(folder, 'out', name), addon);
      }
      checked(await must(executable, [version, way, addon], { cwd: '/' }));
    },
  };
}

const electron = {
  name: "Electron's rule against external buffers",
  skip: ({ host }) =>
    host('cc')
      ? null
      : 'emulating it takes a C compiler; the workflow "packages" has a job "npm run test:install" with one',
  run: async (context) => {
    const { folder, fixtures, host, must, node, smoke } = context;
    await project(context);
    const library = path.join(folder, 'no-external-buffers.so');
    execFileSync(host('cc'), [
      '-shared',
      '-fPIC',
      '-o',
      library,
      path.join(fixtures, 'users', 'no-external-buffers.c'),
    ]);
    const addon = addonOf(folder);
    const text = readFileSync(addon, 'latin1');
    if (/\0napi_create_external_buffer\0/.test(text)) throw new Error('the addon imports napi_create_external_buffer');
    const changed = text.replaceAll('\0napi_create_external_arraybuffer\0', '\0test_create_external_arraybuffer\0');
    if (changed === text)
      throw new Error('the addon imports no napi_create_external_arraybuffer: this test needs another way');
    writeFileSync(addon, changed, 'latin1');
    const env = { LD_PRELOAD: library };
    await smoke({ env, bin: [node('24'), path.join('node_modules', 'rsqrt', 'dist', 'cli.js')] });
    // Large and small, new and reused, read and handed out: nothing of it asks for memory that Electron would refuse.
    const program = `const { asTensor, full, rsqrt, tensor } = require('rsqrt');
      for (const n of [1, 1000, 100_000, 20_000_000]) {
        const x = rsqrt(full([n], 4));
        rsqrt(x, { out: x });
        x.toObject(); structuredClone(x.data.slice(0, 2)); rsqrt(asTensor(new Float32Array(n))).transfer();
      }`;
    const { stderr } = await must(node('24'), ['-e', program], { env });
    if (stderr !== '') throw new Error(stderr);
  },
};

const electronItself = {
  name: 'Electron itself',
  skip: () => 'its program is not in an npm package, but fetched by an install script; no job of the workflows has it',
};

export default [
  jest('30', 'jest', ['--runInBand'], '24'),
  jest('30', 'jest', ['--maxWorkers=2'], '20'),
  jest('29', 'jest-29', ['--runInBand'], '20'),
  jest('29', 'jest-29', ['--maxWorkers=2'], '22'),
  jest('30', 'jest', ['--maxWorkers=2', '--workerThreads'], '26'),
  vitest('threads', true),
  vitest('forks', true),
  vitest('threads', false),
  vitest('vmThreads', true),
  nodeTest('20', []),
  nodeTest('24', ['--test-isolation=none']),
  program('worker_threads, eight, and ended under work', 'workers.cjs', '20'),
  program('worker_threads, eight, and ended under work', 'workers.cjs', '26'),
  { ...program('worker_threads, and none but they', 'only-workers.cjs', '20'), quick: true },
  program('worker_threads, and none but they', 'only-workers.cjs', '26'),
  program('cluster and child_process.fork', 'cluster.cjs', '24'),
  sea('beside', '24'),
  sea('asset', '24'),
  sea('asset', '20'),
  sea('package', '22'),
  electron,
  electronItself,
];
export const rows = 22;
