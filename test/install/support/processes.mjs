// Child processes with a time limit, each in a group of its own so that all it started ends with it.

import { spawn } from 'node:child_process';

const groups = new Set();

function kill(group) {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}

/** Ends all children and theirs. */
export const killAll = () => groups.forEach(kill);

/** Starts a child in a group of its own, which killAll() ends. */
export function start(command, args, options) {
  const child = spawn(command, args, { ...options, detached: true });
  if (child.pid) groups.add(child.pid);
  child.once('exit', () => {
    kill(child.pid);
    groups.delete(child.pid);
  });
  return child;
}

/** Runs a command to its end: its exit code (null if a signal ended it), signal and output. */
export function run(command, args, { input, seconds = 120, ...options }) {
  return new Promise((resolve) => {
    const child = start(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        output[stream] += text;
      });
    }
    child.stdin.on('error', () => {}).end(input);
    const limit = setTimeout(() => {
      output.stderr += `\n(ended after ${seconds} s)`;
      kill(child.pid);
    }, seconds * 1000);
    child.once('error', (error) => {
      clearTimeout(limit);
      resolve({ code: null, signal: null, stdout: '', stderr: error.message });
    });
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, ...output });
    });
  });
}
