// Which of the required ratios were reached.

import { ACCEPTANCE, nameOf } from './cases.mjs';

/** The lines of the table with what was measured: null where a case or one of the two contenders is missing. */
export function judge(results) {
  const byName = new Map(results.map((result) => [nameOf(result), result]));
  return ACCEPTANCE.map(({ title, checks }) => ({
    title,
    checks: checks.map(({ required, over, cases }) => {
      const measured = lowest(cases.map((each) => ratioOf(byName.get(nameOf(each)), over)));
      return { required, over, measured, met: measured !== null && measured >= required };
    }),
  }));
}

function ratioOf(result, over) {
  const { rsqrt, [over]: other } = result?.times ?? {};
  return rsqrt === undefined || other === undefined ? null : other.median / rsqrt.median;
}

const lowest = (ratios) => (ratios.includes(null) ? null : Math.min(...ratios));
