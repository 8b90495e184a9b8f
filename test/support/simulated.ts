/**
 * Programs of the built package on the simulated device, whose delays and memory only a process of
 * its own can set.
 */

import { node } from './command';
import { binaries } from './configurations';

/** No work starts within this many microseconds unless somebody waits for it. */
export const LATE = '300000';

/**
 * Runs the body of an async function, in which what rsqrt exports has its names, and returns the
 * lines that it printed. What it writes to stderr, or another exit code than 0, fails the test.
 */
export function late(body: string, env: Record<string, string> = {}): string[] {
  const program = `
    const rsqrt = require('rsqrt');
    const { ${NAMES} } = rsqrt;
    const codeOf = (call) => { try { call(); return 'nothing thrown'; } catch ({ code, message }) { return code ?? message; } };
    const rejection = (promise) => promise.then(() => 'fulfilled', ({ code, name, message }) => code ?? \`\${name}: \${message}\`);
    (async () => { ${body} })();`;
  const outcome = node(['-e', program], {
    env: { RSQRT_BINARY: binaries.simulated, RSQRT_SIMULATED_DELAY: LATE, ...env },
  });
  expect({ ...outcome, stdout: '' }).toEqual({ code: 0, stdout: '', stderr: '' });
  return outcome.stdout.split('\n').slice(0, -1);
}

const NAMES = 'arange, asTensor, cuda, empty, full, memoryStats, ones, rand, tensor, tidy, zeros';
