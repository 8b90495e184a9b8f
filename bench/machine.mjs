// Describes the machine of a measurement, without host names and paths, because results are
// published.

import { spawnSync } from 'node:child_process';
import os from 'node:os';

/** The average number of processes that wanted a CPU in the last minute. */
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

/**
 * The GPUs from rsqrt's info(), the CUDA versions, and the driver and clocks from nvidia-smi
 * (driver null: there is no nvidia-smi).
 */
export function describeGpus({ cuda: { build, runtime, driver, devices } }) {
  const asked = ['driver_version', 'clocks.max.sm', 'clocks.max.memory', 'power.limit'];
  const { status, stdout } = spawnSync('nvidia-smi', [`--query-gpu=${asked}`, '--format=csv,noheader'], {
    encoding: 'utf8',
  });
  const lines = status === 0 ? stdout.trim().split('\n') : [];
  const [driverVersion = null] = lines[0]?.split(', ') ?? [];
  return {
    gpus: devices.map(({ name, computeCapability, totalMemory }) => ({ name, computeCapability, totalMemory })),
    cuda: { build, runtime, newestOfDriver: driver, driver: driverVersion },
    smi: lines.map((line) => Object.fromEntries(line.split(', ').map((value, i) => [asked[i], value]))),
  };
}

/** The GPUs as part of a file name: 'nvidia-h200', '2-nvidia-h200'. */
export function gpuSlugOf({ gpus }) {
  const words = gpus[0].name.toLowerCase().match(/[a-z0-9]+/g);
  return [...(gpus.length > 1 ? [gpus.length] : []), ...words].join('-');
}
