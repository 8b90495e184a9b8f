// Runs commands in such a way that everything they start can be ended.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** This process was told to end. */
export class Interrupted extends Error {
  constructor(signal) {
    super(`the build was interrupted (${signal}); nothing was changed.`);
    this.signal = signal;
  }
}

/** Commands that run until a signal comes: then they are ended, and running throws. */
export class Commands {
  #signal;
  #child;
  #onSignal = (signal) => {
    this.#signal = signal;
    this.#kill();
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  /** Stops handling signals. */
  close() {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }

  #kill() {
    if (this.#child?.pid === undefined) return;
    try {
      // Signals the whole process group, because CMake does not pass a signal on to what it runs.
      // The signal is not SIGINT, which programs that a shell runs in the background ignore.
      if (process.platform === 'win32') this.#child.kill();
      else process.kill(-this.#child.pid, 'SIGTERM');
    } catch {
      // It has just ended.
    }
  }

  /**
   * Runs a command. Every line of its output goes to `onLine`. Returns how it ended: its status or
   * the name of a signal.
   */
  async run(command, args, env, onLine) {
    if (this.#signal !== undefined) throw new Interrupted(this.#signal);
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32', // a process group of its own
      windowsHide: true,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine);
    const ended = await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => resolve(signal ?? status));
    });
    this.#child = undefined;
    if (this.#signal !== undefined) throw new Interrupted(this.#signal);
    return ended;
  }
}
