// Runs programs that may hang: each is ended after a given time, with everything that it has
// started.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The ids of the children of each process, by its own id. Empty where there is no /proc. */
function childrenByParent() {
  const children = new Map();
  if (process.platform !== 'linux') return children;
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      // 'id (name) state parent …', where the name may have spaces and parentheses in it
      const stat = readFileSync(`/proc/${id}/stat`, 'latin1');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(id)]);
    } catch {
      // It has ended.
    }
  }
  return children;
}

/**
 * Kills a process and its descendants. They are in the process group of this process, so that
 * whoever ends that group, as a terminal does, ends them too; hence they cannot be killed as a
 * group here.
 */
function killTree(root) {
  const children = childrenByParent();
  const tree = [root];
  for (const id of tree) tree.push(...(children.get(id) ?? []));
  for (const id of tree) {
    try {
      process.kill(id, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error; // it has ended
    }
  }
}

/**
 * Runs a command for at most `seconds`. Its output is passed on, or returned with `capture: true`;
 * other options go to spawn. Resolves to { status, signal, timedOut, stdout, stderr }; rejects if
 * the command cannot be started.
 */
export function runLimited(command, args, { seconds, capture = false, ...options }) {
  return new Promise((resolve, reject) => {
    const output = capture ? 'pipe' : 'inherit';
    const child = spawn(command, args, { stdio: ['ignore', output, output], ...options });
    let timedOut = false;
    const end = () => {
      timedOut = true;
      killTree(child.pid);
    };
    const timer = setTimeout(end, Math.max(0, 1000 * seconds));
    const texts = { stdout: '', stderr: '' };
    for (const name of Object.keys(texts)) {
      child[name]?.setEncoding('utf8').on('data', (text) => {
        texts[name] += text;
      });
    }
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, timedOut, ...texts });
    });
  });
}
