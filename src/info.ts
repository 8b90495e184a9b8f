/** What this copy of rsqrt is and found. */

import { binding, origin } from './binding';
import { cuda } from './cuda';
import { libcText, runtimeText } from './host';
import { getNumThreads } from './threads';

// Read at run time: package.json lies beside dist/ and beside src/ alike.
const { version } = require('../package.json') as { version: string };

/** See {@link info}. */
export interface Info {
  /** Of this package. */
  version: string;
  /** The version of Node. */
  node: string;
  /** What runs this in Node's place: 'Bun 1.3.2', 'Deno 2.5.0', 'Electron 38.0.0'; null in Node itself. */
  runtime: string | null;
  /** 'linux-x64' and so on. */
  platform: string;
  /** The C library: 'glibc 2.36' or 'musl'; null off Linux. */
  libc: string | null;
  /** The native addon in use. */
  addon: {
    /** 'override' by the environment variable RSQRT_BINARY, 'local build' by `npx rsqrt build`, or 'prebuild' of the package. */
    source: 'override' | 'local build' | 'prebuild';
    /** Null where a bundler does not tell. */
    path: string | null;
  };
  /** The instruction set in use. */
  isa: string;
  /** All that this CPU could use, the widest first. */
  availableIsas: readonly string[];
  /** CPU threads that an operation uses at most: {@link getNumThreads}. */
  threads: number;
  /** What there is of CUDA. */
  cuda: {
    /** What the addon was built with. */
    build: 'none' | 'cuda' | 'simulated';
    /** The CUDA version built with; null if there is none. */
    runtime: string | null;
    /** The newest CUDA version that the driver supports; null if there is none. */
    driver: string | null;
    /** See {@link cuda.unavailableReason}. */
    unavailableReason: string | null;
    /** The GPUs. */
    devices: {
      /** As the driver calls it. */
      name: string;
      /** '9.0' and so on. */
      computeCapability: string;
      /** In bytes. */
      totalMemory: number;
    }[];
  };
}

/** Version, platform, addon, instruction set, threads, devices and CUDA versions; the same as `rsqrt info` on the command line. */
export function info(): Info {
  const { build, runtimeVersion, driverVersion, deviceCount } = binding.cuda;
  return {
    version,
    node: process.version,
    runtime: runtimeText(),
    platform: `${process.platform}-${process.arch}`,
    libc: libcText(),
    addon: { ...origin },
    isa: binding.isa,
    availableIsas: binding.isas,
    threads: getNumThreads(),
    cuda: {
      build,
      runtime: versionText(runtimeVersion),
      driver: versionText(driverVersion),
      unavailableReason: cuda.unavailableReason(),
      devices: Array.from({ length: deviceCount }, (_, i) => {
        const { name, major, minor, totalMemory } = cuda.getDeviceProperties(i);
        return { name, computeCapability: `${major}.${minor}`, totalMemory };
      }),
    },
  };
}

/** 13000 is 13.0, 0 is none. */
const versionText = (number: number): string | null =>
  number === 0 ? null : `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}`;
