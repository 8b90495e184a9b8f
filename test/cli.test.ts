/** The `rsqrt` command. */

import * as path from 'node:path';
import { version } from '../package.json';
import { UsageError } from '../src/cli/errors';
import { NumberList } from '../src/cli/numbers';
import type { DType } from '../src/index';
import { show } from '../src/support/errors';
import { node, root } from './support/command';
import { binaries } from './support/configurations';
import { covered } from './support/coverage';

const cli = path.join(root, 'dist', 'cli.js');
const simulated = { RSQRT_BINARY: binaries.simulated };
covered('command', 'rsqrt');

/** What turns a terminal red. */
const red = '\x1b[31m';

// (The tables below have rows of two lengths; jest would take a missing parameter for its `done`,
// hence the rest parameters.)
const run = (args: string[], options: Parameters<typeof node>[1] = {}) => node([cli, ...args], options);

test.each<[string[], string, Parameters<typeof node>[1]?]>([
  [['4', '16', '25'], 'tensor([0.5000, 0.2500, 0.2000])\n'],
  [['-4', '-0', '-.5e-3', 'inf', '-inf', 'nan'], 'tensor([nan, -inf, nan, 0., nan, nan])\n'],
  [['4', '--dtype', 'float64'], 'tensor([0.5000], dtype=float64)\n'],
  [['--dtype=int64', '9007199254740993'], 'tensor([1.0537e-08])\n'],
  [['--dtype', 'bool', 'true', '0'], 'tensor([1., inf])\n'],
  [['--dtype', 'complex64', '--', '4', '-1'], 'tensor([0.5000+0.j, 0.0000-1.j])\n'],
  [
    ['--dtype', 'complex128', '3+4j', '8J', '-1e-2+0.j', '--json'],
    '{"dtype":"complex128","device":"cpu","shape":[3],"data":' +
      '[{"re":0.4,"im":-0.2},{"re":0.25,"im":-0.25},{"re":0,"im":-10}]}\n',
  ],
  [
    ['--json', '4', '--dtype=int8', '--json', '--dtype', 'float64'],
    '{"dtype":"float64","device":"cpu","shape":[1],"data":[0.5]}\n',
  ],
  [['4\n16,,\t25', ''], 'tensor([0.5000, 0.2500, 0.2000])\n'],
  [['-v'], `${version}\n`],
  [
    ['--json', '--dtype', 'complex128', '4', '-0.25', '0'],
    '{"dtype":"complex128","device":"cpu","shape":[3],"data":' +
      '[{"re":0.5,"im":0},{"re":0,"im":-2},{"re":"Infinity","im":"NaN"}]}\n',
  ],
  [['--dtype', 'bfloat16', '3', '1e40'], 'tensor([0.5781, 0.0000], dtype=bfloat16)\n'],
  [['--dtype', 'float16', '--json', '3'], '{"dtype":"float16","device":"cpu","shape":[1],"data":[0.5771484375]}\n'],
  [['--json', '4', '16'], '{"dtype":"float32","device":"cpu","shape":[2],"data":[0.5,0.25]}\n'],
  [
    ['--json', '0', '-0', '-1', 'inf'],
    '{"dtype":"float32","device":"cpu","shape":[4],"data":["Infinity","-Infinity","NaN",0]}\n',
  ],
  [[], 'tensor([0.5000, 0.2500, 0.2000])\n', { input: '4 16\n25\n' }],
  [['--dtype', 'float64'], 'tensor([0.5000, 0.2500], dtype=float64)\n', { input: '4,16' }],
  [['4', '--device', 'cuda:1'], "tensor([0.5000], device='cuda:1')\n", { env: simulated }],
  [
    ['4', '--device', 'cuda', '--json'],
    '{"dtype":"float32","device":"cuda:0","shape":[1],"data":[0.5]}\n',
    { env: simulated },
  ],
])('rsqrt %p', (...[args, stdout, options]) => {
  expect(run(args, options)).toEqual({ code: 0, stdout, stderr: '' });
});

test.each<[string[], number, string, Parameters<typeof node>[1]?]>([
  [['abc'], 2, "rsqrt: 'abc' is not a number\n"],
  [['4', '1e'], 2, "rsqrt: '1e' is not a number\n"],
  [[], 2, 'rsqrt: expected numbers as arguments or on standard input; see rsqrt --help\n'],
  [
    ['--dtype', 'float23', '4'],
    2,
    'rsqrt: --dtype must be one of float16, bfloat16, float32, float64, complex64, complex128, int8, uint8, int16, int32, ' +
      "int64, bool; received 'float23'\n",
  ],
  [['--dtype', 'int8', '300'], 2, "rsqrt: --dtype int8 takes whole numbers from -128 to 127; received '300'\n"],
  [['--dtype', 'int32', '4.5'], 2, 'rsqrt: --dtype int32 takes whole numbers from '],
  [['--', '-x'], 2, "rsqrt: '-x' is not a number\n"],
  [[''], 2, 'rsqrt: expected numbers as arguments or on standard input; see rsqrt --help\n'],
  // What a terminal would act on is never printed as it is.
  [[`${red}4`], 2, `rsqrt: ${show(`${red}4`)} is not a number\n`],
  [['--device', red, '4'], 2, `rsqrt: --device must be 'cpu', 'cuda' or 'cuda:N'; received ${show(red)}\n`],
  [['--dtype', red, '4'], 2, 'rsqrt: --dtype must be one of float16, bfloat16, '],
  [[`--${red}`], 2, `rsqrt: there is no option ${show(`--${red}`)}; see rsqrt --help\n`],
  [['info', red], 2, `rsqrt: info takes no arguments; received ${show(red)}\n`],
  [['build', red], 2, `rsqrt: build takes no arguments; received ${show(red)}\n`],
  [['build', '--cuda', red], 2, `rsqrt: --cuda must be auto, on or off; received ${show(red)}\n`],
  [['4'], 1, 'rsqrt: RSQRT_ISA must be ', { env: { RSQRT_ISA: red } }],
  [['4'], 1, 'rsqrt: rsqrt could not load its native addon on ', { env: { RSQRT_BINARY: `/${red}.node` } }],
  [['--device', 'gpu', '4'], 2, "rsqrt: --device must be 'cpu', 'cuda' or 'cuda:N'; received 'gpu'\n"],
  [['--device=', '4'], 2, "rsqrt: --device must be 'cpu', 'cuda' or 'cuda:N'; received ''\n"],
  [
    ['--device', 'cuda:2', '4'],
    2,
    "rsqrt: --device must be one of cpu, cuda:0, cuda:1; received 'cuda:2'\n",
    { env: simulated },
  ],
  [['--dtype'], 2, 'rsqrt: --dtype must be followed by a dtype; received nothing\n'],
  [['--dtype', '--json', '4'], 2, "rsqrt: --dtype must be followed by a dtype; received '--json'\n"],
  [['4', '--device'], 2, "rsqrt: --device must be followed by 'cpu', 'cuda' or 'cuda:N'; received nothing\n"],
  [['--json=4'], 2, "rsqrt: --json takes no value; received '4'\n"],
  [['info', '--device', 'cpu'], 2, 'rsqrt: info takes no --device\n'],
  [['--dtype', 'int7', 'info'], 2, 'rsqrt: info takes no --dtype\n'],
  [['--', 'info'], 2, "rsqrt: 'info' is not a number\n"],
  [['--json', 'build'], 2, 'rsqrt: build must come before all options\n'],
  [['info', 'more'], 2, "rsqrt: info takes no arguments; received 'more'\n"],
  [['build', 'more'], 2, "rsqrt: build takes no arguments; received 'more'\n"],
  [['build', '--cuda=simulated'], 2, "rsqrt: --cuda must be auto, on or off; received 'simulated'\n"],
  [['build', '--out='], 2, 'rsqrt: --out must be the path of a folder; received nothing\n'],
  [['build', '--jobs', '1.5'], 2, "rsqrt: --jobs must be a whole number from 1 to 9999; received '1.5'\n"],
  [
    ['--device', 'cuda', '4'],
    1,
    'rsqrt: --device cuda: CUDA is not available: no driver: no NVIDIA driver is installed on this machine; install one that supports CUDA 13.0\n',
    { env: { ...simulated, RSQRT_SIMULATED_DRIVER: 'none' } },
  ],
  [['4'], 1, 'rsqrt: RSQRT_ISA must be one of the instruction sets of this CPU', { env: { RSQRT_ISA: 'sse9' } }],
])('rsqrt %p ends with code %i and a sentence', (...[args, code, stderr, options]) => {
  const outcome = run(args, options);
  expect({ ...outcome, stderr: outcome.stderr.slice(0, stderr.length) }).toEqual({ code, stdout: '', stderr });
  if (!stderr.includes('could not load')) expect(outcome.stderr.trimEnd()).not.toContain('\n');
  expect(outcome.stderr).not.toContain('\x1b');
});

test.each([
  [['--dype', 'float32', '4'], '--dype', 'rsqrt --help'],
  [['build', '--dype'], '--dype', 'rsqrt build --help'],
  [['build', '--json=4'], '--json', 'rsqrt build --help'],
  [['--constructor', '4'], '--constructor', 'rsqrt --help'],
  [['-hv'], '-hv', 'rsqrt --help'],
])('an unknown option is one sentence, the same from every Node: %p', (args, option, help) => {
  expect(run(args)).toEqual({ code: 2, stdout: '', stderr: `rsqrt: there is no option '${option}'; see ${help}\n` });
});

test('what is too long to be a number is refused for its length', () => {
  // A pattern that backtracks would take many minutes for the first.
  for (const outcome of [run([], { input: `${'1'.repeat(400_000)}x` }), run([`${'1'.repeat(4096)}x`])]) {
    expect([outcome.code, outcome.stdout]).toEqual([2, '']);
    expect(outcome.stderr).toMatch(/^rsqrt: a number must have at most 4096 characters; received '1{20,100}….*\n$/);
  }
  // The smallest float64 has an exact value of 751 digits behind 323 zeros.
  const digits = (5n ** 1074n).toString();
  const smallest = `0.${digits.padStart(1074, '0')}`;
  expect(run(['--dtype', 'float64', '--json', smallest]).stdout).toContain(`"data":[${1 / Math.sqrt(5e-324)}]`);
  expect(run([`${'0'.repeat(4095)}4`]).stdout).toBe('tensor([0.5000])\n');
});

describe('numbers', () => {
  /** What is made of words; complex numbers as two entries. */
  function read(dtype: DType, ...words: string[]) {
    const list = new NumberList(dtype);
    for (const word of words) list.add(word);
    return [...list.array];
  }

  test.each<[DType, string[], (number | bigint)[]]>([
    ['float32', ['4', '-0', '+.5', '5.', '1E3', '-1e-3'], [4, -0, 0.5, 5, 1000, -0.001]],
    [
      'float64',
      ['inf', '-Infinity', '+INF', 'nan', '-nan', '1e400'],
      [Infinity, -Infinity, Infinity, NaN, NaN, Infinity],
    ],
    ['complex64', ['3+4j', '-.5J', '1e+2-2e-1j', '4', '-inf+nanj'], [3, 4, 0, -0.5, 100, -0.2, 4, 0, -Infinity, NaN]],
    ['bool', ['0', '1', 'true', 'FALSE', '1.0', '-0', '10e-1'], [0, 1, 1, 0, 1, 0, 1]],
    [
      'int8',
      ['-128', '127', '4.0', '12e1', '.25e2', '2500e-2', '0e99999999999', '0.'],
      [-128, 127, 4, 120, 25, 25, 0, 0],
    ],
    ['uint8', ['255', '+7', '000'], [255, 7, 0]],
    // As float64s the first would be 2^63, which int64 cannot hold, and the second 2^53.
    ['int64', ['9.223372036854775807e18', '9007199254740993.0'], [2n ** 63n - 1n, 2n ** 53n + 1n]],
    ['int64', ['-9223372036854775808', `${'0'.repeat(100)}5`, `5${'0'.repeat(100)}e-100`], [-(2n ** 63n), 5n, 5n]],
  ])('%s: %p', (dtype, words, values) => {
    expect(read(dtype, ...words)).toEqual(values);
    covered('dtype of the command', dtype);
  });

  const ranges: [DType, string, string[]][] = [
    ['int8', 'whole numbers from -128 to 127', ['128', '-129', '300']],
    ['uint8', 'whole numbers from 0 to 255', ['256', '-1']],
    ['int16', 'whole numbers from -32768 to 32767', ['32768', '1e999999999']],
    [
      'int32',
      'whole numbers from -2147483648 to 2147483647',
      ['4.5', '2147483648', '1e-999999999', `4.${'0'.repeat(30)}1`, 'nan', '-inf'],
    ],
    [
      'int64',
      'whole numbers from -9223372036854775808 to 9223372036854775807',
      ['1e30', '0.5', '9223372036854775808', '-9.223372036854775809e18', '9007199254740992.5'],
    ],
    ['bool', '0, 1, true and false', ['2', '0.5', '-1', 'nan']],
  ];
  test.each(ranges.flatMap(([dtype, expected, words]) => words.map((word) => [dtype, word, expected] as const)))(
    '%s cannot hold %s',
    (dtype, word, expected) => {
      expect(() => read(dtype, word)).toThrow(new UsageError(`--dtype ${dtype} takes ${expected}; received '${word}'`));
    },
  );

  test.each<[DType, string]>([
    ...['0x10', '1_000', '-', '1e5.5', '--5', '+-5', 'e5', '.', 'infin', 'nanj5', 'true', '4n', '٤'].map(
      (word): [DType, string] => ['float32', word],
    ),
    ...['3+4', 'j', '3j+4', '3++4j', '3 +4j', '3+4i', '1j2j'].map((word): [DType, string] => ['complex64', word]),
    ['bool', 'yes'],
    ['int64', '1n'],
  ])('%s: %p is none', (dtype, word) => {
    expect(() => read(dtype, word)).toThrow(new UsageError(`'${word}' is not a number`));
  });

  test.each<DType>(['float32', 'int8', 'int64', 'bool'])('%s takes no complex ones', (dtype) => {
    const sentence = "'3+4j' is a complex number, which needs --dtype complex64 or complex128";
    expect(() => read(dtype, '3+4j')).toThrow(new UsageError(sentence));
  });
});

test.each<[string[], RegExp]>([
  [['--help'], /^Usage: rsqrt \[options\].*\n.*\n +rsqrt build /],
  [['--version'], new RegExp(`^${version.replaceAll('.', '\\.')}\n$`)],
  [['build', '--help'], /^Usage: rsqrt build .*.* --cuda .* --out .* --jobs .* --verbose /s],
])('%p works without an addon', (args, text) => {
  const { code, stdout } = run(args, { env: { RSQRT_BINARY: '/nowhere/rsqrt.node' } });
  expect(code).toBe(0);
  expect(stdout).toMatch(text);
});

test('info', () => {
  const { code, stdout } = run(['info'], { env: { ...simulated, RSQRT_NUM_THREADS: '3' } });
  expect(code).toBe(0);
  expect(stdout).toMatch(
    new RegExp(
      `^rsqrt ${version} on ${process.platform}-${process.arch}(, glibc [\\d.]+|, musl)?, Node ${process.version}\n` +
        'addon: .*build-simulated.Release.rsqrt\\.node \\(override\\)\n' +
        'instruction set: \\w+ \\(available: .*\\)\n' +
        'threads: 3\n' +
        'cuda: CUDA 13\\.0 \\(simulated\\), driver for CUDA 13\\.0: 2 devices\n' +
        ' {2}cuda:0: rsqrt simulated device 0, compute capability 9\\.0, 0\\.3 GiB\n' +
        ' {2}cuda:1: rsqrt simulated device 1, compute capability 9\\.0, 0\\.3 GiB\n$',
    ),
  );
});

test('info --json is what info() returns', () => {
  const { stdout } = run(['info', '--json']);
  const program = "console.log(JSON.stringify(require('rsqrt').info()))";
  expect(JSON.parse(stdout)).toEqual(JSON.parse(node(['-e', program]).stdout));
});
