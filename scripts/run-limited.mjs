// Runs programs that may hang: each is ended after a given time, with everything that it has started.

import { spawn } from 'node:child_process';

const running = new Set();

/** Ends a child and its descendants, which are in its process group; on Windows the child alone. */
function kill(child) {
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // it has ended
  }
}

// In a process group of their own, children do not receive the signals that a terminal sends.
process.on('exit', () => running.forEach(kill));
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
]) {
  process.on(signal, () => process.exit(128 + number));
}

/**
 * Runs a command for at most `seconds`. Its output is passed on, or returned with `capture: true`;
 * other options go to spawn. Resolves to { status, signal, timedOut, stdout, stderr }; rejects if the
 * command cannot be started.
 */
export function runLimited(command, args, { seconds, capture = false, ...options }) {
  return new Promise((resolve, reject) => {
    const output = capture ? 'pipe' : 'inherit';
    const child = spawn(command, args, {
      stdio: ['ignore', output, output],
      detached: process.platform !== 'win32',
      ...options,
    });
    running.add(child);
    let timedOut = false;
    const timer = setTimeout(
      () => {
        timedOut = true;
        kill(child);
      },
      Math.max(0, 1000 * seconds),
    );
    const texts = { stdout: '', stderr: '' };
    for (const name of Object.keys(texts)) {
      child[name]?.setEncoding('utf8').on('data', (text) => {
        texts[name] += text;
      });
    }
    const end = (settle, value) => {
      clearTimeout(timer);
      running.delete(child);
      settle(value);
    };
    child.once('error', (error) => end(reject, error));
    child.once('close', (status, signal) => end(resolve, { status, signal, timedOut, ...texts }));
  });
}
