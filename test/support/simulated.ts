/**
 * Runs programs with the built package on the simulated device. Each runs in a separate process,
 * because the delays and the memory of the device are set once for a process.
 */

import { node } from './command';
import { binaries } from './configurations';

/** Work that nobody waits for starts after at least this many microseconds. */
export const LATE = '300000';

/**
 * Runs the body of an async function, in which the names of `NAMES` are imported, and returns the
 * lines that it printed. The test fails if it writes to stderr or exits with a code other than 0.
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
