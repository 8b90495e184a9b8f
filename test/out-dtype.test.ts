/** An `out` of another dtype gets the result converted: what is computed does not depend on where it goes, on any configuration. */

import { canCast, dtypes } from '../src/index';
import { configurations } from './support/configurations';
import { covered } from './support/coverage';
import { unaryNames, unaryOf } from './support/ops';
import { resultDType } from './support/reference';
import { dataOf, inputs, wordsOf } from './support/values';

covered('suite', 'out of other dtypes');

describe.each(configurations)('$name', ({ rsqrt: api, device }) => {
  const { asTensor, empty } = api;

  test.each(dtypes)('%s into an out of every dtype that may hold the result', (dtype) => {
    const x = asTensor(inputs(dtype, 120), { dtype, device }).reshape(10, 12);
    for (const op of unaryNames) {
      const result = resultDType(op, dtype);
      if (result === null) continue;
      const run = unaryOf(api, op);
      const own = run(x);
      for (const to of dtypes.filter((each) => canCast(result, each))) {
        const expected = wordsOf(dataOf(own.to(to)));
        expect([op, to, wordsOf(dataOf(run(x, { out: empty(10, 12, { dtype: to, device }) })))]).toEqual([
          op,
          to,
          expected,
        ]);
        const columns = run(x, { out: empty(12, 10, { dtype: to, device }).t() });
        expect([op, to, wordsOf(dataOf(columns.contiguous()))]).toEqual([op, to, expected]);
      }
    }
  });
});
