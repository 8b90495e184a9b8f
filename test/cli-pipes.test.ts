/**
 * The `rsqrt` command in pipes between real processes: slow, long, endless and missing input,
 * closed and full output.
 */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { type Outcome, root } from './support/command';
import { covered, skip } from './support/coverage';
import { slowness } from './support/emulation';

const cli = path.join(root, 'dist', 'cli.js');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rsqrt-pipes-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Makes a file in the folder in which shells run. */
const file = (name: string, content: string | Buffer) => writeFileSync(path.join(folder, name), content);

/**
 * Runs a script in `sh`. There `rsqrt` runs the command, and `status COMMAND` prints the exit code
 * of COMMAND to standard error.
 */
function shell(script: string): Outcome {
  const prelude = `
    rsqrt() { "$NODE" $OPTIONS "$CLI" "$@"; }
    status() { "$@"; echo "exit code $?" >&2; }
  `;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', prelude + script], {
    cwd: folder,
    env: { ...process.env, NODE: process.execPath, CLI: cli, OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 110_000 * slowness,
    maxBuffer: 2 ** 26,
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

/** Starts the command; what comes of it is there when it ends. */
function start(...args: string[]) {
  const child = spawn(process.execPath, [cli, ...args], { stdio: 'pipe' });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const outcome = new Promise<Outcome>((resolve) => child.on('close', (code) => resolve({ code, ...texts })));
  return { child, outcome };
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 150));

/** What is said of an input or an output, after 'rsqrt: '. */
const refused = (sentence: string, code = 2) => ({
  code: 0,
  stdout: '',
  stderr: `rsqrt: ${sentence}\nexit code ${code}\n`,
});

/** A test in `sh`; the reason is printed where there is none. */
const posix = process.platform === 'win32' ? test.skip : test;
if (process.platform === 'win32') skip('command in pipes', 'the tests need sh');

describe('input', () => {
  test.each<[string, (string | number[])[], string]>([
    ['that begins late', ['', '4 16\n'], 'tensor([0.5000, 0.2500])\n'],
    ['in parts that split numbers', ['4 1', '6', '\n2', '5 .2', '5'], 'tensor([0.5000, 0.2500, 0.2000, 2.0000])\n'],
    ['in parts that split a character', ['4', [0xe2, 0x80], [0x89], '16'], 'tensor([0.5000, 0.2500])\n'],
    ['in parts that split a byte order mark', [[0xef], [0xbb, 0xbf], '4'], 'tensor([0.5000])\n'],
    ['that ends with white space', ['4 ', '\n', '\n'], 'tensor([0.5000])\n'],
  ])('%s', async (_, parts, stdout) => {
    const { child, outcome } = start();
    for (const part of parts) {
      await pause();
      child.stdin.write(typeof part === 'string' ? part : Buffer.from(part));
    }
    await pause();
    child.stdin.end();
    expect(await outcome).toEqual({ code: 0, stdout, stderr: '' });
    covered('input of the command', 'slow');
  });

  test('that is wrong and goes on: the command does not wait for its end', async () => {
    const { child, outcome } = start();
    child.stdin.on('error', () => {}).write('4 x 16\n');
    expect(await outcome).toEqual({ code: 2, stdout: '', stderr: "rsqrt: 'x' is not a number\n" });
    child.stdin.destroy();
  });

  posix('of another process, which writes after a while', () => {
    expect(shell('(sleep 1; echo 4 16; sleep 1; echo 25) | status rsqrt')).toEqual({
      code: 0,
      stdout: 'tensor([0.5000, 0.2500, 0.2000])\n',
      stderr: 'exit code 0\n',
    });
  });

  posix('of 300,000 numbers', () => {
    const { stdout, stderr } = shell('seq 1 300000 | status rsqrt --json');
    expect(stderr).toBe('exit code 0\n');
    const { shape, data } = JSON.parse(stdout);
    expect([shape, data.length]).toEqual([[300_000], 300_000]);
    for (let root = 1; root <= 547; root++) expect(data[root ** 2 - 1]).toBe(Math.fround(1 / root));
    covered('input of the command', 'long');
  });

  posix('of 10 MB, with more numbers than JSON is written of at once', () => {
    file('ten-megabytes', '0.25\n'.repeat(2_000_000));
    const count = 'tee start | tr -cd , | wc -c';
    const { stdout, stderr } = shell(`cat ten-megabytes | status rsqrt --json --dtype float64 | ${count}`);
    expect([Number(stdout), stderr]).toEqual([2_000_002, 'exit code 0\n']);
    const text = readFileSync(path.join(folder, 'start'), 'utf8');
    expect(text).toBe(
      `{"dtype":"float64","device":"cpu","shape":[2000000],"data":[${Array(2_000_000).fill(2).join()}]}\n`,
    );
  });

  // With little memory for strings and objects: what is read must not be kept as text.
  posix.each([
    ['of numbers', 'yes 4', 'rsqrt takes at most 16777216 numbers; received more'],
    ['of nothing but white space', "yes ''", 'standard input must have at most 536870912 bytes; it has more'],
    ['of a single digit', "yes 1 | tr -d '\\n'", /^a number must have at most 4096 characters; received '1{20,100}…/],
    [
      'of zeros',
      'cat /dev/zero',
      'standard input must be text in UTF-8; received a NUL byte, as in UTF-16 or binary data',
    ],
  ])('that is endless, %s', (_, command, sentence) => {
    const { code, stdout, stderr } = shell(`OPTIONS=--max-old-space-size=64; ${command} | status rsqrt | head`);
    const [first, ...rest] = stderr.split('\n');
    expect([code, stdout, rest]).toEqual([0, '', ['exit code 2', '']]);
    expect(first.slice('rsqrt: '.length)).toMatch(sentence);
    covered('input of the command', 'endless');
  });

  const none = 'expected numbers as arguments or on standard input; see rsqrt --help';
  posix.each([
    ['that is closed', 'status rsqrt <&-', none],
    ['that is empty', ': | status rsqrt', none],
    ['of /dev/null', 'status rsqrt </dev/null', none],
    ['of a folder', 'status rsqrt <.', 'standard input must be numbers; received a folder'],
  ])('%s', (_, script, sentence) => {
    expect(shell(script)).toEqual(refused(sentence));
    covered('input of the command', 'none');
  });

  posix('that cannot be read', () => {
    expect(shell('status rsqrt 0>out')).toEqual(
      refused('standard input cannot be read: EBADF: bad file descriptor, read', 1),
    );
  });

  posix('of a file', () => {
    file('numbers', '4, 16\n25');
    expect(shell('rsqrt <numbers')).toEqual({ code: 0, stdout: 'tensor([0.5000, 0.2500, 0.2000])\n', stderr: '' });
    covered('input of the command', 'a file');
  });

  posix.each(['utf16le', 'latin1'] as const)('in another encoding: %s', (encoding) => {
    file('encoded', Buffer.from(encoding === 'latin1' ? '4\u00a016' : '\ufeff4 16\r\n', encoding));
    expect(shell('status rsqrt <encoded')).toEqual(
      refused(
        encoding === 'latin1'
          ? "'4\ufffd16' is not a number"
          : 'standard input must be text in UTF-8; received a NUL byte, as in UTF-16 or binary data',
      ),
    );
    covered('input of the command', encoding);
  });

  posix('of a terminal is not waited for', () => {
    const { status } = spawnSync('script', ['-qec', 'true', '/dev/null'], { stdio: 'ignore' });
    if (status !== 0) return skip('command at a terminal', 'there is no script of util-linux');
    expect(shell('status script -qec \'"$NODE" "$CLI"\' /dev/null').stdout).toBe(`rsqrt: ${none}\r\n`);
    covered('input of the command', 'a terminal');
  });
});

describe('output', () => {
  // The command starts after the reader has ended; otherwise it would be a race.
  posix.each(['rsqrt 4', 'rsqrt 4 --json', 'rsqrt info', 'rsqrt --help', 'rsqrt --version', 'rsqrt build --help'])(
    'that nobody reads ends quietly: %s',
    (command) => {
      expect(shell(`(sleep 1; status ${command}) | true`)).toEqual({ code: 0, stdout: '', stderr: 'exit code 141\n' });
      covered('output of the command', 'closed');
    },
  );

  posix('of which only the beginning is read ends quietly', () => {
    const { stdout, stderr } = shell('seq 1 300000 | status rsqrt --json | head -c 29');
    expect([stdout, stderr]).toEqual(['{"dtype":"float32","device":"', 'exit code 141\n']);
  });

  test('to a socket that is closed ends quietly', async () => {
    const { child, outcome } = start();
    child.stdout.destroy();
    await pause();
    child.stdin.end('4');
    expect(await outcome).toEqual({ code: 141, stdout: '', stderr: '' });
  });

  const full = 'standard output cannot be written: ENOSPC: no space left on device, write';
  const device = existsSync('/dev/full') ? posix : test.skip;
  if (!existsSync('/dev/full')) skip('command with a full output', 'there is no /dev/full');
  device.each(['rsqrt 4', 'rsqrt info --json', 'rsqrt --help'])('to a device that is full: %s', (command) => {
    expect(shell(`status ${command} >/dev/full`)).toEqual(refused(full, 1));
    covered('output of the command', 'full');
  });

  posix('to a file that may not grow so far', () => {
    // Of the signal that comes with it Node would end; a shell can have it ignored.
    const { stderr } = shell("(trap '' XFSZ; ulimit -f 1; seq 1 9000 | status rsqrt --json >out)");
    expect(stderr).toBe(refused('standard output cannot be written: EFBIG: file too large, write', 1).stderr);
  });

  posix('to a file is written from where that is, and whole', () => {
    file('out', 'before\n');
    expect(shell('rsqrt 4 >>out; seq 1 20000 | rsqrt --json >>out; rsqrt 16 >>out').stderr).toBe('');
    const lines = readFileSync(path.join(folder, 'out'), 'utf8').split('\n');
    expect([lines[0], lines[1], lines[3], lines[4]]).toEqual(['before', 'tensor([0.5000])', 'tensor([0.2500])', '']);
    expect(JSON.parse(lines[2]).data).toHaveLength(20_000);
  });

  device.each(['2>/dev/full', '2>&-'])(
    'of a sentence that cannot be written does not change the exit code: %s',
    (to) => {
      expect(shell(`rsqrt x ${to}; exit $?`)).toEqual({ code: 2, stdout: '', stderr: '' });
    },
  );
});
