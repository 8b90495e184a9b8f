#!/usr/bin/env node
/** The `rsqrt` command. */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { DeviceName, DType, Info, Scalar, Tensor } from './index';

const HELP = `Usage: rsqrt [options] [numbers…]     prints the reciprocal square roots of the numbers
       rsqrt info [--json]            prints version, instruction set, threads and devices

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

/** A mistake of the user: one sentence, exit code 2. */
class UsageError extends Error {}

const options = {
  dtype: { type: 'string' },
  device: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parse(argv: string[]) {
  // A negative number is no option; with a space before it, it does not look like one.
  const args = argv.map((arg) => (/^-(\d|\.\d|inf|nan)/i.test(arg) ? ` ${arg}` : arg));
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message.split('\n')[0]);
  }
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

function main(argv: string[]): string {
  const { values, positionals } = parse(argv);
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

try {
  process.stdout.write(`${main(process.argv.slice(2))}\n`);
} catch (error) {
  const { name, message, code } = error as Error & { code?: string };
  const expected = error instanceof UsageError || code?.startsWith('ERR_');
  process.stderr.write(`rsqrt: ${expected ? message : `${name}: ${message}`}\n`);
  process.exitCode =
    error instanceof UsageError || code === 'ERR_INVALID_ARG_TYPE' || code === 'ERR_OUT_OF_RANGE' ? 2 : 1;
}
