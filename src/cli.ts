#!/usr/bin/env node
/** The `rsqrt` command. */

import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { DeviceName, DType, Info, Scalar, Tensor } from './index';

const HELP = `Usage: rsqrt [options] [numbers…]     prints the reciprocal square roots of the numbers
       rsqrt info [--json]            prints version, instruction set, threads and devices
       rsqrt build [options]          compiles the native addon on this machine; see rsqrt build --help

Numbers come as arguments or, if there are none, from standard input, apart by white space or commas.

Options:
  --dtype <dtype>    read the numbers as this dtype: float16, bfloat16, float32 (default), float64,
                     complex64, complex128, int8, uint8, int16, int32, int64 or bool
  --device <device>  compute on 'cpu' (default), 'cuda' or 'cuda:N'
  --json             print one JSON object; NaN and infinities are strings in it
  -h, --help         print this

Example:
  rsqrt 4 16 25      tensor([0.5000, 0.2500, 0.2000])
`;

const BUILD_HELP = `Usage: rsqrt build [options]     compiles the native addon from the sources in this package

Takes CMake 3.18, a C++20 compiler and ninja or make; with CUDA its toolkit, 12.0 or newer. CXX, CXXFLAGS, CUDAHOSTCXX
and CUDA_HOME choose the compilers. The addon is checked before it takes the place of an earlier one.

Options:
  --cuda <when>      auto (default: with CUDA if nvcc is found), on or off
  --out <folder>     write rsqrt.node into this folder, to be named by RSQRT_BINARY, and not into the package
  --jobs <number>    how many files to compile at once; by default as many as processors and memory allow
  --verbose          print what CMake and the compilers print
  -h, --help         print this

Example:
  npx rsqrt build --cuda=off
`;

/** A mistake of the user: one sentence, exit code 2. */
class UsageError extends Error {}

const options = {
  dtype: { type: 'string' },
  device: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const buildOptions = {
  cuda: { type: 'string', default: 'auto' },
  out: { type: 'string' },
  jobs: { type: 'string' },
  verbose: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
} as const;

/** As `parseArgs`; what is wrong with the arguments is a mistake of the user. */
function parse<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError((error as Error).message.split('\n')[0]);
  }
}

/** `rsqrt build`: what scripts/from-source/build.mjs says that it made. Loads no addon: there may be none yet. */
async function build(args: string[]): Promise<string> {
  const { values, positionals } = parse({ args, options: buildOptions, allowPositionals: true });
  if (values.help) return BUILD_HELP.trimEnd();
  const { cuda, out, jobs, verbose } = values;
  if (positionals.length > 0) throw new UsageError(`build takes no arguments; received '${positionals[0]}'`);
  if (!['auto', 'on', 'off'].includes(cuda)) {
    throw new UsageError(`--cuda must be auto, on or off; received '${cuda}'`);
  }
  if (out === '') throw new UsageError('--out must be the path of a folder; received nothing');
  if (jobs !== undefined && !/^[1-9]\d{0,3}$/.test(jobs)) {
    throw new UsageError(`--jobs must be a whole number from 1 to 9999; received '${jobs}'`);
  }
  const script = path.join(__dirname, '..', 'scripts', 'from-source', 'build.mjs');
  if (!existsSync(script)) {
    const sentence = `build needs the sources of the package, and ${script} is not there: install rsqrt to build it`;
    throw Object.assign(new Error(sentence), { code: 'ERR_BUILD' });
  }
  const { buildAddon } = (await import(pathToFileURL(script).href)) as {
    buildAddon(options: { cuda: string; out?: string; jobs?: number; verbose: boolean }): Promise<string[]>;
  };
  return (await buildAddon({ cuda, out, jobs: jobs === undefined ? undefined : Number(jobs), verbose })).join('\n');
}

function numbersFrom(words: string[]): string[] {
  const text = words.length > 0 ? words.join(' ') : process.stdin.isTTY ? '' : readFileSync(0, 'utf8');
  const numbers = text.split(/[\s,]+/).filter((word) => word !== '');
  if (numbers.length === 0)
    throw new UsageError('expected numbers as arguments or on standard input; see rsqrt --help');
  return numbers;
}

/** A number as it is written, for a dtype: int64 exactly, bool as 0, 1, true or false. */
function parseNumber(word: string, dtype: string): Scalar {
  if (dtype === 'bool' && /^(true|false)$/i.test(word)) return word.toLowerCase() === 'true';
  if (dtype === 'int64' && /^[+-]?\d+$/.test(word)) return BigInt(word.replace('+', ''));
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(word);
  if (special) return /nan/i.test(word) ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word)) throw new UsageError(`'${word}' is not a number`);
  return Number(word);
}

function toJson(tensor: Tensor): string {
  const { dtype, shape, data } = tensor.toJSON();
  return JSON.stringify({ dtype, device: tensor.device, shape, data });
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

async function main(argv: string[]): Promise<string> {
  if (argv[0] === 'build') return build(argv.slice(1));
  // A negative number is no option; with a space before it, it does not look like one.
  const args = argv.map((arg) => (/^-(\d|\.\d|inf|nan)/i.test(arg) ? ` ${arg}` : arg));
  const { values, positionals } = parse({ args, options, allowPositionals: true });
  if (values.help) return HELP.trimEnd();
  // Loaded here so that --help works, and a load failure is one message, without the addon.
  const { dtypes, info, rsqrt, tensor } = require('./index') as typeof import('./index');
  if (positionals[0] === 'info') {
    if (positionals.length > 1) throw new UsageError(`info takes no arguments; received '${positionals[1]}'`);
    return values.json ? JSON.stringify(info()) : describe(info());
  }
  const dtype = values.dtype ?? 'float32';
  if (!(dtypes as readonly string[]).includes(dtype)) {
    throw new UsageError(`--dtype must be one of ${dtypes.join(', ')}; received '${dtype}'`);
  }
  const numbers = numbersFrom(positionals).map((word) => parseNumber(word, dtype));
  const device = (values.device ?? 'cpu') as DeviceName;
  const result = rsqrt(tensor(numbers, { dtype: dtype as DType, device }));
  return values.json ? toJson(result) : String(result);
}

function fail(error: Error & { code?: string }): void {
  const { name, message, code } = error;
  const expected = error instanceof UsageError || code?.startsWith('ERR_');
  process.stderr.write(`rsqrt: ${expected ? message : `${name}: ${message}`}\n`);
  process.exitCode =
    error instanceof UsageError || code === 'ERR_INVALID_ARG_TYPE' || code === 'ERR_OUT_OF_RANGE' ? 2 : 1;
}

main(process.argv.slice(2)).then((text) => process.stdout.write(`${text}\n`), fail);
