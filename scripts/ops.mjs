// The operations that the scripts run: those in the addon's table that the package exports.
// test/ops.test.ts compares them with the suites' table, test/support/ops.ts.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * The operations of a built package as { name, dtypes }, in the order of the addon's table.
 * `dtypes` are the names of those that an operation accepts.
 */
export function publicOps(rsqrt) {
  const fail = (code, message) => new Error(`${code}: ${message}`);
  const { ops, dtypes } = require(rsqrt.info().addon.path).open('', fail);
  return ops
    .filter(({ name }) => typeof rsqrt[name] === 'function')
    .map(({ name, results }) => ({ name, dtypes: dtypes.filter((_, code) => results[code] >= 0) }));
}
