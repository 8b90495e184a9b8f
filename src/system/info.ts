/** Describes this copy of rsqrt and what it found on this machine. */

import { cuda } from '../cuda/cuda';
import { binding, origin } from '../load/binding';
import { libcText, runtimeText } from '../load/host';
import { version } from '../package';
import { getNumThreads } from './threads';

/** See {@link info}. */
export interface Info {
  /** The version of this package. */
  version: string;
  /** The version of Node. */
  node: string;
  /**
   * The runtime that replaces Node: 'Bun 1.3.2', 'Deno 2.5.0', 'Electron 38.0.0'. Null in Node
   * itself.
   */
  runtime: string | null;
  /** 'linux-x64' and so on. */
  platform: string;
  /** The C library: 'glibc 2.36' or 'musl'. Null on other systems than Linux. */
  libc: string | null;
  /** The native addon in use. */
  addon: {
    /**
     * 'override' if the environment variable RSQRT_BINARY names it, 'local build' if
     * `npx rsqrt build` made it, 'prebuild' if it came with the package.
     */
    source: 'override' | 'local build' | 'prebuild';
    /** Null if a bundler does not tell. */
    path: string | null;
  };
  /** The instruction set in use. */
  isa: string;
  /** All instruction sets that this CPU can use, widest first. */
  availableIsas: readonly string[];
  /** The largest number of CPU threads that an operation uses: {@link getNumThreads}. */
  threads: number;
  /** The state of CUDA. */
  cuda: {
    /** How the addon was built. */
    build: 'none' | 'cuda' | 'simulated';
    /** The CUDA version that the addon was built with. Null if there is none. */
    runtime: string | null;
    /** The newest CUDA version that the driver supports. Null if there is none. */
    driver: string | null;
    /** See {@link cuda.unavailableReason}. */
    unavailableReason: string | null;
    /** The GPUs. */
    devices: {
      /** The name that the driver reports. */
      name: string;
      /** '9.0' and so on. */
      computeCapability: string;
      /** In bytes. */
      totalMemory: number;
    }[];
  };
}

/**
 * Version, platform, addon, instruction set, threads, devices and CUDA versions. `rsqrt info`
 * prints the same on the command line.
 */
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
