// What a scenario is given: an empty folder, a registry that has the package, tools, and an environment without a compiler.

import { cpSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './processes.mjs';
import { foreign, home, node, tool } from './tools.mjs';

// What Node, npm and the shims of package managers start, and no more.
const commands = ['sh', 'env', 'basename', 'dirname', 'sed', 'uname'];
const absent = ['cc', 'c++', 'gcc', 'g++', 'clang', 'make', 'ninja', 'cmake', 'python3', 'nvcc', 'git', 'npm'];

/** The path of a command, by name or path; undefined if there is none. */
function found(command, search = process.env.PATH) {
  if (path.isAbsolute(command)) return existsSync(command) ? command : undefined;
  return search
    .split(path.delimiter)
    .map((folder) => path.join(folder, command))
    .find((file) => existsSync(file));
}

/** A folder to be all of PATH: `line`'s Node as `node`, and the commands above. */
function pathFolder(root, line) {
  const folder = path.join(root, `path-${line}`);
  if (existsSync(folder)) return folder;
  mkdirSync(folder);
  symlinkSync(node(line), path.join(folder, 'node'));
  for (const command of commands) symlinkSync(found(command), path.join(folder, command));
  const present = absent.filter((command) => found(command, folder));
  if (present.length > 0) throw new Error(`${present} must not be on the PATH of a scenario`);
  return folder;
}

/** Bytes of all files under a folder. */
function size(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath ?? entry.path, entry.name)).size, 0);
}

/** A failed expectation about a command, with all it printed. */
function failure(what, { code, signal, stdout, stderr }) {
  const ending = code === null ? `was ended by ${signal}` : `ended with ${code}`;
  return new Error(`${what} ${ending}\n${stdout}${stderr}`);
}

/**
 * The context of one scenario: see README.md. `root` is a folder for all scenarios of a run, `name` one that only this
 * scenario uses in it; `published` has registry, version and targets.
 */
export function createContext(root, name, published) {
  const { registry, version } = published;
  const folder = path.join(root, name, 'project');
  const userHome = path.join(root, name, 'home');
  const temporary = path.join(root, name, 'tmp');
  for (const each of [folder, userHome, temporary]) mkdirSync(each, { recursive: true });

  /** Runs a command to its end. Nothing of the environment of the run gets in but what `env` names. */
  function sh(command, args = [], { node: line = '24', env = {}, cwd = folder, input, seconds } = {}) {
    const environment = {
      PATH: pathFolder(root, line),
      HOME: userHome,
      TMPDIR: temporary,
      LANG: 'C.UTF-8',
      npm_config_registry: registry,
      NPM_CONFIG_REGISTRY: registry, // Deno's way to write it
      npm_config_audit: 'false',
      ...env,
    };
    return run(command, args, { cwd, env: environment, input, seconds });
  }

  /** sh() that throws, with all that was printed, unless the exit code is 0. */
  async function must(command, args = [], options = {}) {
    const outcome = await sh(command, args, options);
    if (outcome.code !== 0) throw failure([path.basename(command), ...args].join(' '), outcome);
    return outcome;
  }

  function write(files, cwd = folder) {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(cwd, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);
    }
  }

  const npm = (args, { npm = '11', node: line = '24', ...options } = {}) =>
    must(node(line), [tool(`npm-${npm}`, 'npm'), ...args], { node: line, ...options });

  function install({ packages = [], scripts = false, ...options } = {}) {
    if (!existsSync(path.join(options.cwd ?? folder, 'package.json'))) {
      write({ 'package.json': { name: 'consumer', private: true } }, options.cwd);
    }
    const flags = scripts ? [] : ['--ignore-scripts'];
    return npm(['install', ...flags, `rsqrt@${version}`, ...packages], options);
  }

  async function smoke({
    node: line = '24',
    runner = [node(line)],
    bin,
    how = ['require', 'import'],
    ...options
  } = {}) {
    const { cwd = folder, target = 'linux-x64' } = options;
    for (const file of ['check.cjs', 'smoke.cjs', 'smoke.mjs']) {
      cpSync(path.join(home, 'fixtures', file), path.join(cwd, file));
    }
    const [command, ...flags] = runner;
    for (const each of how) {
      const program = each === 'require' ? './smoke.cjs' : './smoke.mjs';
      const { stdout } = await must(command, [...flags, program, version, target], { ...options, node: line });
      if (stdout.trim() !== 'checked') throw new Error(`${program} printed ${stdout}`);
    }
    const [start, ...rest] = bin ?? [node(line), tool('npm-11', 'npx'), '--no', 'rsqrt', '--'];
    const { stdout } = await must(start, [...rest, '4', '16', '25'], { ...options, node: line });
    if (stdout !== 'tensor([0.5000, 0.2500, 0.2000])\n') throw new Error(`the command rsqrt printed ${stdout}`);
    const modules = path.join(cwd, 'node_modules');
    return existsSync(modules) ? `${(size(modules) / 1e6).toFixed(1)} MB installed` : undefined;
  }

  const fixtures = path.join(home, 'fixtures');
  const programs = { node, tool, foreign, host: (command) => found(command) };
  return { ...published, folder, home: userHome, fixtures, ...programs, sh, must, write, npm, install, smoke };
}
