// Determines which targets were reached.

import { ACCEPTANCE, nameOf } from './cases.mjs';

/**
 * The lines of the table of targets with the ratios measured. A ratio is null if a case or one of
 * the contenders is missing. If `over` has several names, the fastest of those present counts.
 */
export function judge(results, lines = ACCEPTANCE) {
  const byName = new Map(results.map((result) => [nameOf(result), result]));
  return lines.map(({ title, checks }) => ({
    title,
    checks: checks.map(({ required, over, cases }) => {
      const measured = lowest(cases.map((each) => ratioOf(byName.get(nameOf(each)), over)));
      return { required, over, measured, met: measured !== null && measured >= required };
    }),
  }));
}

function ratioOf(result, over) {
  const { rsqrt, ...others } = result?.times ?? {};
  const medians = [over].flat().flatMap((name) => others[name]?.median ?? []);
  return rsqrt === undefined || medians.length === 0 ? null : Math.min(...medians) / rsqrt.median;
}

const lowest = (ratios) => (ratios.includes(null) ? null : Math.min(...ratios));
