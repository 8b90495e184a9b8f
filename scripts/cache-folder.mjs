import os from 'node:os';
import path from 'node:path';

/**
 * A folder of this user, outside the clone, for what is downloaded or worked out once. Deleting it
 * only costs time.
 */
export const cacheFolder = (...names) =>
  path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'rsqrt', ...names);
