// `rsqrt build`: compiles the addon from the sources in the package, with CMake alone, checks it,
// and puts it where the loader finds it. A failure before that leaves everything as it was.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Commands, Interrupted } from './command.mjs';
import { BuildError, explainFileError, explainOutput } from './failures.mjs';
import { headerFolders, importLibrary } from './headers.mjs';
import { checkMachine, parallelJobs } from './machine.mjs';
import { Progress } from './progress.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
const checker = fileURLToPath(new URL('check.mjs', import.meta.url));

/** The number of lines of a failed command that are shown. */
const SHOWN_LINES = 40;

function checkSources() {
  if (/\.zip([\\/]|$)/.test(root)) {
    throw new BuildError(
      `the package lies in an archive (${root}): unpack it with "yarn unplug rsqrt" and build again.`,
    );
  }
  const missing = ['CMakeLists.txt', 'cmake', 'native', 'dist'].filter((name) => !existsSync(path.join(root, name)));
  if (missing.length === 0) return;
  throw new BuildError(
    `${root} has no ${missing.join(', ')}: build where rsqrt is installed whole, with --out=DIR, and have the addon loaded ` +
      'with RSQRT_BINARY=DIR/rsqrt.node.',
  );
}

/** A build in progress: its folder, the output of its commands, and what is shown of that. */
class Build {
  #commands = new Commands();
  #progress = new Progress(process.stdout);
  #output = [];
  #started = performance.now();

  constructor({ cuda, out, jobs, verbose }) {
    this.cuda = cuda;
    this.jobs = jobs ?? parallelJobs();
    this.verbose = verbose;
    this.folder = out === undefined ? path.join(root, 'build', 'Release') : path.resolve(out);
    // On the file system of the result, so that moving it there is one step. Programs can be run
    // there, unlike in some /tmp folders.
    this.parent = out === undefined ? path.dirname(this.folder) : this.folder;
    this.file = path.join(this.folder, 'rsqrt.node');
    this.log = path.join(this.parent, 'rsqrt-build.log');
    this.inPackage = out === undefined;
  }

  async run() {
    try {
      checkSources();
      const machine = checkMachine();
      this.#makeFolders();
      const { sets, cuda } = await this.#configure(machine);
      await this.#compile();
      const built = path.join(this.work, 'Release', 'rsqrt.node');
      const found = await this.#check(built);
      this.#put(built);
      return this.#report(sets, cuda, found);
    } finally {
      this.#progress.clear();
      this.#cleanUp();
      this.#commands.close();
    }
  }

  #makeFolders() {
    try {
      this.made = mkdirSync(this.parent, { recursive: true });
      this.work = mkdtempSync(path.join(this.parent, 'rsqrt-build-'));
    } catch (error) {
      throw explainFileError(error, this.parent);
    }
  }

  #cleanUp() {
    if (this.work === undefined) return;
    rmSync(this.work, { recursive: true, force: true, maxRetries: 10 });
    if (this.made !== undefined && readdirSync(this.parent).length === 0) rmdirSync(this.parent);
  }

  /** Runs a command that must succeed. `task` says what it is for. */
  async #command(task, command, args, onLine = () => {}) {
    this.#output.push(`> ${command} ${args.join(' ')}`);
    const start = this.#output.length;
    // Messages are searched, so they must be in English.
    const ended = await this.#commands.run(command, args, { LC_ALL: 'C' }, (line) => {
      this.#output.push(line);
      if (this.verbose) this.#progress.line(line);
      onLine(line);
    });
    if (ended === 0) return;
    const lines = this.#output.slice(start);
    const known = explainOutput(lines);
    if (known === null && !this.verbose) this.#show(lines);
    throw new BuildError(`${known ?? `${task} failed (${command} ended with ${ended}).`}${this.#log()}`);
  }

  #show(lines) {
    this.#progress.clear();
    process.stderr.write(`${lines.slice(-SHOWN_LINES).join('\n')}\n`);
  }

  /**
   * Writes everything that was printed to a file beside the work folder. Returns a sentence that
   * says where, or nothing if it could not be written.
   */
  #log() {
    try {
      writeFileSync(this.log, `${this.#output.join('\n')}\n`);
      return ` All output is in ${this.log}.`;
    } catch {
      return '';
    }
  }

  /** Returns the instruction sets and a phrase on CUDA, as CMakeLists.txt names them. */
  async #configure({ cmake, generator }) {
    this.#progress.step('configuring');
    const library = await importLibrary(root, this.work, this.#commands, (line) => this.#output.push(line));
    const release = path.join(this.work, 'Release');
    let compiler = 'an unknown compiler';
    let summary = [];
    await this.#command(
      'configuring',
      'cmake',
      [
        ...['-S', root, '-B', this.work],
        ...(process.env.CMAKE_GENERATOR ? [] : ['-G', generator]),
        '-DCMAKE_BUILD_TYPE=Release',
        `-DCUDA=${this.cuda.toUpperCase()}`,
        `-DCMAKE_JS_INC=${headerFolders(root).join(';')}`,
        `-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${release}`,
        ...(process.platform === 'darwin'
          ? [`-DCMAKE_OSX_ARCHITECTURES=${process.arch === 'x64' ? 'x86_64' : process.arch}`]
          : []),
        ...(library === null
          ? []
          : [
              `-DCMAKE_JS_LIB=${library}`,
              `-DCMAKE_RUNTIME_OUTPUT_DIRECTORY=${release}`,
              ...(process.env.CXX ? [] : ['-DCMAKE_CXX_COMPILER=clang-cl', '-DCMAKE_LINKER=lld-link']),
            ]),
      ],
      (line) => {
        compiler = /^-- The CXX compiler identification is (.*)/.exec(line)?.[1] ?? compiler;
        summary = /^-- rsqrt: instruction sets (.*?); (.*)/.exec(line) ?? summary;
      },
    );
    const [, sets = '', cuda = ''] = summary;
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    this.#progress.line(
      `Building rsqrt ${version} for ${process.platform}-${process.arch}, ${cuda}, with ${compiler} and CMake ${cmake}, ` +
        `into ${this.folder}`,
    );
    return { sets: sets.split(/[ ;]/), cuda };
  }

  async #compile() {
    await this.#command(
      'compiling',
      'cmake',
      ['--build', this.work, '--parallel', String(this.jobs), ...(this.verbose ? ['--verbose'] : [])],
      (line) => {
        const step = this.verbose ? null : stepOf(line);
        if (step !== null) this.#progress.step(step);
      },
    );
  }

  /**
   * Lets the new addon compute on every instruction set and GPU of this machine. Returns what it
   * reports about them.
   */
  async #check(built) {
    this.#progress.step('checking');
    const found = await this.#checkOne(built, '');
    for (const isa of found.availableIsas.slice(1)) await this.#checkOne(built, isa);
    return found;
  }

  async #checkOne(built, isa) {
    const lines = [];
    const ended = await this.#commands.run(
      process.execPath,
      [checker],
      { RSQRT_BINARY: built, RSQRT_ISA: isa },
      (line) => lines.push(line),
    );
    this.#output.push(...lines);
    const refused = (what) =>
      new BuildError(`the addon was built, but ${what}; the earlier one was left as it was.${this.#log()}`);
    if (ended !== 0) {
      this.#show(lines);
      throw refused(`checking it${isa && ` with ${isa}`} failed (ended with ${ended})`);
    }
    const found = JSON.parse(lines.findLast((line) => line.startsWith('{')));
    if (found.wrong.length > 0) throw refused(`is wrong: ${found.wrong[0]}`);
    return found;
  }

  #put(built) {
    try {
      mkdirSync(this.folder, { recursive: true });
      renameSync(built, this.file);
      rmSync(this.log, { force: true }); // from an earlier build
    } catch (error) {
      throw explainFileError(error, this.folder);
    }
  }

  #report(sets, cuda, found) {
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(0);
    const mebibytes = (statSync(this.file).size / 2 ** 20).toFixed(2);
    const lacking = sets.filter((set) => !found.availableIsas.includes(set));
    const devices = found.cuda.devices.map(({ name }) => name);
    const checked = [...found.availableIsas, ...devices].join(', ');
    return [
      `Built in ${seconds} s and checked on ${checked}: ${this.file}`,
      `${mebibytes} MiB; instruction sets ${sets.join(', ')}; ${cuda}`,
      ...(lacking.length > 0 ? [`Not checked: ${lacking.join(', ')}, which this CPU does not have`] : []),
      ...(found.cuda.build === 'cuda' && devices.length === 0
        ? [`Not checked: CUDA (${found.cuda.unavailableReason})`]
        : []),
      ...(this.inPackage && process.env.RSQRT_BINARY
        ? [`RSQRT_BINARY names another addon (${process.env.RSQRT_BINARY}): unset it to have this one loaded`]
        : []),
      ...(this.inPackage ? [] : ['Have it loaded with', useOf(this.file)]),
    ];
  }
}

/**
 * The step that a line of ninja or make names: '[12/34] native/cpu/kernels.cpp (avx512)'. Null if
 * it names none.
 */
function stepOf(line) {
  const compiling = /^(\[.*?\]) Building \w+ object (?:.*\/)?rsqrt(?:_(\w+))?\.dir\/(.*)\.o(?:bj)?$/.exec(line);
  if (compiling) {
    return `${compiling[1].replace(/\s+/g, '')} ${compiling[3]}${compiling[2] ? ` (${compiling[2]})` : ''}`;
  }
  const linking = /^(\[.*?\]) Linking/.exec(line);
  return linking && `${linking[1].replace(/\s+/g, '')} linking`;
}

/**
 * Builds the addon, checks it and puts it into `out`, or where the package loads it from. Prints
 * its progress. Returns lines that say what was built. Throws BuildError.
 *
 * @param {{ cuda: 'auto' | 'on' | 'off', out?: string, jobs?: number, verbose: boolean }} options
 */
export async function buildAddon(options) {
  const build = new Build(options);
  try {
    return await build.run();
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    process.stderr.write(`rsqrt: ${error.message}\n`);
    process.kill(process.pid, error.signal); // as the sender expects
    return [];
  }
}

/** A command that makes the loader take this file. */
const useOf = (file) =>
  process.platform === 'win32'
    ? `set "RSQRT_BINARY=${file}"`
    : `export RSQRT_BINARY='${file.replaceAll("'", "'\\''")}'`;
