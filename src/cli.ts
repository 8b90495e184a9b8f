#!/usr/bin/env node
/** The `rsqrt` command. */

import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArguments } from './cli/arguments';
import { CommandError, NobodyReads, UsageError } from './cli/errors';
import { MAX_BYTES, wordsIn, wordsOfInput } from './cli/input';
import { MAX_NUMBER_LENGTH, MAX_NUMBERS, NumberList } from './cli/numbers';
import { complain, print } from './cli/output';
import type { DeviceName, DType, Info, Tensor } from './index';
import { show } from './support/errors';

const HELP = `Usage: rsqrt [options] [numbers…]     prints the reciprocal square roots of the numbers
       rsqrt info [--json]            prints version, instruction set, threads and devices
       rsqrt build [options]          compiles the native addon on this machine;
                                      see rsqrt build --help

Numbers are given as arguments or, if there are none, on standard input, separated by white space
or commas: 4, -0.5, 1e-3, inf, nan; for complex dtypes also 3+4j. Standard input is read to its
end before anything is computed. It may have ${MAX_NUMBERS} numbers of at most ${MAX_NUMBER_LENGTH} characters,
and ${MAX_BYTES / 2 ** 20} MiB in all.

Options:
  --dtype <dtype>    read the numbers as this dtype: float16, bfloat16, float32 (default), float64,
                     complex64, complex128, int8, uint8, int16, int32, int64 or bool; integer
                     dtypes take whole numbers in their range, bool takes 0, 1, true and false
  --device <device>  compute on 'cpu' (default), 'cuda' or 'cuda:N'
  --json             print one JSON object; NaN and infinities are strings in it
  -h, --help         print this
  -v, --version      print the version

What follows -- is a number. An option that is given twice counts as it is given last.

Exit codes: 0; 1 if something failed; 2 if the arguments or numbers are wrong; 141 if nobody reads
the output.

Example:
  rsqrt 4 16 25      tensor([0.5000, 0.2500, 0.2000])
`;

const BUILD_HELP = `Usage: rsqrt build [options]     compiles the native addon from the sources in this package

Takes CMake 3.18, a C++20 compiler and ninja or make; with CUDA its toolkit, 12.0 or newer. CXX,
CXXFLAGS, CUDAHOSTCXX and CUDA_HOME choose the compilers. The addon is checked before it takes the
place of an earlier one.

Options:
  --cuda <when>      auto (default: with CUDA if nvcc is found), on or off
  --out <folder>     write rsqrt.node into this folder, to be named by RSQRT_BINARY, and not into
                     the package
  --jobs <number>    how many files to compile at once; by default as many as processors and memory
                     allow
  --verbose          print what CMake and the compilers print
  -h, --help         print this

Example:
  npx rsqrt build --cuda=off
`;

const options = {
  dtype: { value: 'a dtype' },
  device: { value: "'cpu', 'cuda' or 'cuda:N'" },
  json: {},
  help: { short: 'h' },
  version: { short: 'v' },
} as const;

const buildOptions = {
  cuda: { value: 'auto, on or off' },
  out: { value: 'the path of a folder' },
  jobs: { value: 'a whole number' },
  verbose: {},
  help: { short: 'h' },
} as const;

/** Throws if a command that takes only options has other arguments. */
function refuseWords(command: string, [word]: readonly string[]): void {
  if (word !== undefined) throw new UsageError(`${command} takes no arguments; received ${show(word)}`);
}

/**
 * `rsqrt build`. Returns what scripts/from-source/build.mjs reports about the result. Does not load
 * the addon, because there may be none yet.
 */
async function build(args: string[]): Promise<string> {
  const { values, words, literals } = parseArguments(args, buildOptions, 'rsqrt build --help');
  if (values.help) return BUILD_HELP.trimEnd();
  const { cuda = 'auto', out, jobs, verbose = false } = values;
  refuseWords('build', [...words, ...literals]);
  if (!['auto', 'on', 'off'].includes(cuda)) {
    throw new UsageError(`--cuda must be auto, on or off; received ${show(cuda)}`);
  }
  if (out === '') throw new UsageError('--out must be the path of a folder; received nothing');
  if (jobs !== undefined && !/^[1-9]\d{0,3}$/.test(jobs)) {
    throw new UsageError(`--jobs must be a whole number from 1 to 9999; received ${show(jobs)}`);
  }
  const script = path.join(__dirname, '..', 'scripts', 'from-source', 'build.mjs');
  if (!existsSync(script)) {
    throw new CommandError(
      `build needs the sources of the package, and ${script} is not there: install rsqrt to build it`,
    );
  }
  const { buildAddon } = (await import(pathToFileURL(script).href)) as {
    buildAddon(options: { cuda: string; out?: string; jobs?: number; verbose: boolean }): Promise<string[]>;
  };
  const lines = await buildAddon({ cuda, out, jobs: jobs === undefined ? undefined : Number(jobs), verbose });
  return lines.join('\n');
}

/** The numbers from the arguments or, if there are none, from standard input. */
async function numbersOf(args: readonly string[], dtype: DType): Promise<NumberList> {
  const numbers = new NumberList(dtype);
  for (const word of args.flatMap(wordsIn)) numbers.add(word);
  if (args.length === 0 && !process.stdin.isTTY) {
    for await (const words of wordsOfInput()) for (const word of words) numbers.add(word);
  }
  if (numbers.length > 0) return numbers;
  throw new UsageError('expected numbers as arguments or on standard input; see rsqrt --help');
}

/** A message of the package without the name of the function that this command called. */
const unnamed = (message: string): string => message.replace(/^[a-z]\w*: /i, '');

/** Throws if the device does not exist. The message is about the option. */
function checkDevice(device: string, { empty }: typeof import('./index')): void {
  try {
    empty(0, { device: device as DeviceName });
  } catch (error) {
    const said = unnamed((error as Error).message);
    const message = said.startsWith('device ') ? `--${said}` : `--device ${device}: ${said}`;
    throw Object.assign(new Error(message, { cause: error }), { code: (error as NodeJS.ErrnoException).code });
  }
}

/**
 * How many elements are converted to JSON at once. As objects and text they need many times the
 * memory that they need in a tensor.
 */
const PIECE = 2 ** 14;

/** One JSON object, in pieces. */
function* jsonOf(result: Tensor): Generator<string> {
  const { dtype, device, shape, numel } = result;
  yield `${JSON.stringify({ dtype, device, shape }).slice(0, -1)},"data":[`;
  const values = result.cpu();
  for (let start = 0; start < numel; start += PIECE) {
    const { data } = values.slice(0, start, start + PIECE).toJSON();
    yield `${start === 0 ? '' : ','}${JSON.stringify(data).slice(1, -1)}`;
  }
  yield ']}\n';
}

function describe({ version, node, runtime, platform, libc, addon, isa, availableIsas, threads, cuda }: Info): string {
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const lines = [
    `rsqrt ${version} on ${[platform, libc, runtime, `Node ${node}`].filter((part) => part !== null).join(', ')}`,
    `addon: ${addon.path ?? 'bundled'} (${addon.source})`,
    `instruction set: ${isa} (available: ${availableIsas.join(', ')})`,
    `threads: ${threads}`,
  ];
  const driver = cuda.driver === null ? '' : `, driver for CUDA ${cuda.driver}`;
  const built =
    cuda.runtime === null ? '' : `CUDA ${cuda.runtime}${cuda.build === 'simulated' ? ' (simulated)' : ''}${driver}: `;
  if (cuda.unavailableReason !== null) lines.push(`cuda: not available: ${cuda.unavailableReason}`);
  else lines.push(`cuda: ${built}${cuda.devices.length} device${cuda.devices.length === 1 ? '' : 's'}`);
  cuda.devices.forEach(({ name, computeCapability, totalMemory }, i) => {
    lines.push(`  cuda:${i}: ${name}, compute capability ${computeCapability}, ${gib(totalMemory)}`);
  });
  return lines.join('\n');
}

/** The output of the command, in pieces. */
async function* main(argv: readonly string[]): AsyncGenerator<string, void> {
  if (argv[0] === 'build') {
    yield `${await build(argv.slice(1))}\n`;
    return;
  }
  const { values, words, literals } = parseArguments(argv, options, 'rsqrt --help');
  if (values.help) {
    yield HELP;
    return;
  }
  if (values.version) {
    // Read at run time: package.json lies beside dist/.
    yield `${(require('../package.json') as { version: string }).version}\n`;
    return;
  }
  if (words[0] === 'build') throw new UsageError('build must come before all options');
  // Loaded here, so that --help works without the addon and a load failure is one message.
  const rsqrt = require('./index') as typeof import('./index');
  if (words[0] === 'info') {
    for (const name of ['dtype', 'device'] as const) {
      if (values[name] !== undefined) throw new UsageError(`info takes no --${name}`);
    }
    refuseWords('info', [...words.slice(1), ...literals]);
    yield `${values.json ? JSON.stringify(rsqrt.info()) : describe(rsqrt.info())}\n`;
    return;
  }
  const { dtype = 'float32', device = 'cpu' } = values;
  if (!(rsqrt.dtypes as readonly string[]).includes(dtype)) {
    throw new UsageError(`--dtype must be one of ${rsqrt.dtypes.join(', ')}; received ${show(dtype)}`);
  }
  checkDevice(device, rsqrt);
  const numbers = await numbersOf([...words, ...literals], dtype as DType);
  const result = compute(numbers, dtype as DType, device as DeviceName, rsqrt);
  if (values.json) yield* jsonOf(result);
  else yield `${result}\n`;
}

function compute(
  { array, hostDtype }: NumberList,
  dtype: DType,
  device: DeviceName,
  { asTensor, rsqrt }: typeof import('./index'),
): Tensor {
  try {
    return rsqrt(asTensor(array, { dtype: hostDtype }).to({ dtype, device }));
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    throw Object.assign(new Error(unnamed(message), { cause: error }), { code });
  }
}

/** Escapes control characters, which a terminal would act on, except line feeds. */
const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
  text.replace(/[\0-\x09\x0b-\x1f\x7f-\x9f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

async function fail(error: Error & { code?: string }): Promise<void> {
  const { name, message, code } = error;
  const wrong = code === 'ERR_INVALID_ARG_TYPE' || code === 'ERR_OUT_OF_RANGE';
  process.exitCode = error instanceof CommandError ? error.exitCode : wrong ? 2 : 1;
  if (error instanceof NobodyReads) return;
  const expected = error instanceof CommandError || code?.startsWith('ERR_');
  await complain(`rsqrt: ${printable(expected ? message : `${name}: ${message}`)}\n`);
}

async function run(): Promise<void> {
  for await (const text of main(process.argv.slice(2))) await print(text);
}

run().catch(fail);
