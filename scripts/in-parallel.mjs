import os from 'node:os';

/**
 * Calls `work` with every item and its index, `atATime` at the same time (default: as many as there
 * are processors). Resolves to the results in order.
 */
export async function inParallel(items, work, atATime = os.availableParallelism()) {
  const results = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const i = next++;
      results[i] = await work(items[i], i);
    }
  };
  await Promise.all(Array.from({ length: atATime }, worker));
  return results;
}
