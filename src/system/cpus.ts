/** Finds out how many CPUs this process may use. */

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import * as path from 'node:path';

/**
 * The CPUs that the affinity mask and the CPU quota allow, at least 1.
 *
 * @param root see {@link cpuQuota}
 * @param allowed the CPUs of the affinity mask; older versions of Node do not include quotas here
 */
export function usableCpus(root = '/', allowed = availableParallelism()): number {
  return Math.max(1, Math.min(allowed, Math.floor(cpuQuota(root))));
}

/**
 * The CPU time that control groups grant this process, in CPUs, such as 1.5. Infinity if there is
 * no limit, or none that can be read. Each group is limited by the groups that contain it, so the
 * smallest limit on the way to the root counts.
 *
 * @param root the folder that holds proc/ and sys/
 */
export function cpuQuota(root: string): number {
  const mounts = path.join(root, 'sys', 'fs', 'cgroup');
  // hierarchy:controllers:group; in version 2 there is one hierarchy, 0, which names no controllers.
  const groups = (read(path.join(root, 'proc', 'self', 'cgroup')) ?? '').split('\n').flatMap((line) => {
    const [, hierarchy, controllers, group] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (hierarchy === '0' && controllers === '') return [{ mount: mounts, group, quota: quotaOfVersion2 }];
    if (!controllers?.split(',').includes('cpu')) return [];
    return [controllers, 'cpu'].map((name) => ({ mount: path.join(mounts, name), group, quota: quotaOfVersion1 }));
  });
  return Math.min(Infinity, ...groups.flatMap(({ mount, group, quota }) => ancestry(mount, group).map(quota)));
}

/**
 * The folders of a group and of the groups that contain it, up to the mount. In a container, the
 * mount is often the container's own group while the path is the host's, or starts with '..'. Those
 * folders do not exist, and then the mount counts.
 */
function ancestry(mount: string, group: string): string[] {
  const names = group.split('/').filter((name) => name !== '' && name !== '.' && name !== '..');
  return [mount, ...names.map((_, i) => path.join(mount, ...names.slice(0, i + 1)))];
}

function quotaOfVersion2(folder: string): number {
  const [quota, period] = (read(path.join(folder, 'cpu.max')) ?? '').trim().split(/\s+/);
  return ratio(quota, period);
}

function quotaOfVersion1(folder: string): number {
  return ratio(read(path.join(folder, 'cpu.cfs_quota_us')), read(path.join(folder, 'cpu.cfs_period_us')));
}

/** No limit is written as 'max' in version 2 and as -1 in version 1. */
function ratio(quota: string | undefined, period: string | undefined): number {
  const [used, of] = [quota, period].map((text) => (/^\d+$/.test(text?.trim() ?? '') ? Number(text) : 0));
  return used > 0 && of > 0 ? used / of : Infinity;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
