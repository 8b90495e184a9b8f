// Where it was measured: no host names and no paths, as results are published.

import os from 'node:os';

/** Processes that want a CPU, on average over the last minute. */
export function loadNow() {
  return Number(os.loadavg()[0].toFixed(1));
}

export function describeMachine() {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    platform: `${process.platform}-${process.arch}`,
    node: process.versions.node,
  };
}

/** The machine as part of a file name: 'amd-epyc-2-cores'. */
export function slugOf({ cpu, cores }) {
  const model = cpu.replace(/\(.*?\)|@.*|\b(CPU|Processor)\b/gi, ' ');
  const words = `${model} ${cores} cores`.toLowerCase().match(/[a-z0-9]+/g);
  return words.join('-');
}
