/**
 * The configurations that the suites run on: every instruction set of this CPU, the simulated
 * device, and a real GPU if there is one.
 *
 * Each configuration is a separate copy of the package, with its own binding.
 *
 * With RSQRT_TEST_DEVICE=cuda, they are the CPU's widest instruction set and every real GPU, which
 * replace the simulated device in all suites. With RSQRT_TEST_DEVICE=simulated, the simulated device
 * takes the part of the real GPUs (scripts/test-gpu.mjs).
 */

import * as path from 'node:path';
import type { Binding } from '../../binding';
import { skip } from './coverage';

export type Rsqrt = typeof import('../../src/index');

const root = path.join(__dirname, '..', '..');
const only = process.env.RSQRT_TEST_DEVICE;
export const binaries = {
  local: path.join(root, only === 'simulated' ? 'build-simulated' : 'build', 'Release', 'rsqrt.node'),
  simulated: path.join(root, only === 'cuda' ? 'build' : 'build-simulated', 'Release', 'rsqrt.node'),
};

export interface Configuration {
  /** 'cpu avx2', 'cuda:0 simulated', … */
  name: string;
  device: 'cpu' | `cuda:${number}`;
  isa: string;
  /** Opened once per test file. */
  rsqrt: Rsqrt;
}

/** A copy of the package with the addon and instruction set given. */
export function load(binary: keyof typeof binaries, isa = ''): Rsqrt {
  return loadWith(() => require('../../src/index'), binary, isa);
}

/** A copy of the package, and its binding, whose calls can be watched. */
export const loadWatched = (binary: keyof typeof binaries): { rsqrt: Rsqrt; binding: Binding } =>
  loadWith(() => ({ rsqrt: require('../../src/index'), binding: require('../../src/load/binding').binding }), binary);

/** What the package has inside to make and run programs, beside its public face. */
export function loadPrograms(binary: keyof typeof binaries, isa = '') {
  return loadWith(
    () => ({
      rsqrt: require('../../src/index') as Rsqrt,
      binding: (require('../../src/load/binding') as typeof import('../../src/load/binding')).binding,
      ...(require('../../src/program/program') as typeof import('../../src/program/program')),
      ...(require('../../src/program/elementwise') as typeof import('../../src/program/elementwise')),
    }),
    binary,
    isa,
  );
}

function loadWith<T>(requireIt: () => T, binary: keyof typeof binaries, isa = ''): T {
  const saved = { RSQRT_BINARY: process.env.RSQRT_BINARY, RSQRT_ISA: process.env.RSQRT_ISA };
  process.env.RSQRT_BINARY = binaries[binary];
  process.env.RSQRT_ISA = isa;
  let loaded: T | undefined;
  try {
    jest.isolateModules(() => {
      loaded = requireIt();
    });
  } finally {
    for (const [name, value] of Object.entries(saved)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
  return loaded as T;
}

function make(): Configuration[] {
  const local = load('local');
  const { isa: widest, availableIsas, cuda } = local.info();
  if (only) {
    if (cuda.unavailableReason !== null) throw new Error(`RSQRT_TEST_DEVICE=${only}: ${cuda.unavailableReason}`);
    const devices = cuda.devices.map(({ name }, i) => {
      return { name: `cuda:${i} ${name}`, device: `cuda:${i}` as const, isa: '', rsqrt: local };
    });
    return [{ name: `cpu ${widest}`, device: 'cpu', isa: widest, rsqrt: load('local', widest) }, ...devices];
  }
  const simulated = load('simulated');
  const known = process.arch === 'arm64' ? ['neon'] : ['avx512', 'avx2', 'baseline'];
  for (const isa of known.filter((name) => !availableIsas.includes(name))) {
    skip(`cpu ${isa}`, 'this CPU does not have it');
  }
  const configurations: Configuration[] = availableIsas.map((isa) => ({
    name: `cpu ${isa}`,
    device: 'cpu',
    isa,
    rsqrt: load('local', isa),
  }));
  for (const device of ['cuda:0', 'cuda:1'] as const) {
    configurations.push({ name: `${device} simulated`, device, isa: '', rsqrt: simulated });
  }
  if (cuda.unavailableReason === null) {
    configurations.push({ name: `cuda:0 ${cuda.devices[0].name}`, device: 'cuda:0', isa: '', rsqrt: local });
  } else {
    skip('cuda:0 on hardware', cuda.unavailableReason);
  }
  return configurations;
}

export const configurations = make();

/** At most two GPUs of a copy of the package, for suites that need one GPU or a second one. */
export const gpusOf = ({ cuda }: Rsqrt): readonly `cuda:${number}`[] =>
  (['cuda:0', 'cuda:1'] as const).slice(0, cuda.deviceCount());

/** A test that needs two GPUs. It is skipped, with a note, where there is only one. */
export function testOfTwoGpus(rsqrt: Rsqrt, name: string, body: () => void): void {
  if (gpusOf(rsqrt).length > 1) test(name, body);
  else skip(`two GPUs: ${name}`, 'there is one');
}
