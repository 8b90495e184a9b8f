/** The `rsqrt` command. */

import * as path from 'node:path';
import { version } from '../package.json';
import { node, root } from './support/command';
import { binaries } from './support/configurations';
import { covered } from './support/coverage';

const cli = path.join(root, 'dist', 'cli.js');
const simulated = { RSQRT_BINARY: binaries.simulated };
covered('command', 'rsqrt');

// (The tables below have rows of two lengths; jest would take a missing parameter for its `done`, hence the rest parameters.)
const run = (args: string[], options: Parameters<typeof node>[1] = {}) => node([cli, ...args], options);

test.each<[string[], string, Parameters<typeof node>[1]?]>([
  [['4', '16', '25'], 'tensor([0.5000, 0.2500, 0.2000])\n'],
  [['-4', '-0', '-.5e-3', 'inf', '-inf', 'nan'], 'tensor([nan, -inf, nan, 0., nan, nan])\n'],
  [['4', '--dtype', 'float64'], 'tensor([0.5000], dtype=float64)\n'],
  [['--dtype=int64', '9007199254740993'], 'tensor([1.0537e-08])\n'],
  [['--dtype', 'bool', 'true', '0'], 'tensor([1., inf])\n'],
  [['--dtype', 'complex64', '--', '4', '-1'], 'tensor([0.5000+0.j, 0.0000-1.j])\n'],
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
  [['--dtype', 'int8', '300'], 2, 'rsqrt: tensor: a value of dtype int8 must be from -128 to 127; received 300\n'],
  [['--device', 'gpu', '4'], 2, "rsqrt: tensor: device must be 'cpu', 'cuda' or 'cuda:N'; received 'gpu'\n"],
  [['info', 'more'], 2, "rsqrt: info takes no arguments; received 'more'\n"],
  [['build', 'more'], 2, "rsqrt: build takes no arguments; received 'more'\n"],
  [['build', '--cuda=simulated'], 2, "rsqrt: --cuda must be auto, on or off; received 'simulated'\n"],
  [['build', '--out='], 2, 'rsqrt: --out must be the path of a folder; received nothing\n'],
  [['build', '--jobs', '1.5'], 2, "rsqrt: --jobs must be a whole number from 1 to 9999; received '1.5'\n"],
  [
    ['--device', 'cuda', '4'],
    1,
    'rsqrt: tensor: CUDA is not available: no driver: no NVIDIA driver is installed on this machine; install one that supports CUDA 13.0\n',
    { env: { ...simulated, RSQRT_SIMULATED_DRIVER: 'none' } },
  ],
  [['4'], 1, 'rsqrt: RSQRT_ISA must be one of the instruction sets of this CPU', { env: { RSQRT_ISA: 'sse9' } }],
])('rsqrt %p ends with code %i and a sentence', (...[args, code, stderr, options]) => {
  const outcome = run(args, options);
  expect({ ...outcome, stderr: outcome.stderr.slice(0, stderr.length) }).toEqual({ code, stdout: '', stderr });
  expect(outcome.stderr.trimEnd()).not.toContain('\n');
});

test.each([[['--dype', 'float32', '4']], [['build', '--dype']]])('an unknown option is one sentence: %p', (args) => {
  const { code, stdout, stderr } = run(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^rsqrt: Unknown option '--dype'.*\n$/);
});

test.each<[string[], RegExp]>([
  [['--help'], /^Usage: rsqrt \[options\].*\n.*\n +rsqrt build /],
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
