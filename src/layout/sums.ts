/**
 * Whether a sum of bounded multiples can have a given value. With strides as steps, this decides
 * whether elements share memory. Dimensions that cannot matter are removed first. Two that remain
 * are decided by arithmetic, more by a search with a limit. Imports nothing.
 */

/** The multiples `step × i` of a positive step, for the integers i from `low` to `high`. */
export interface Multiples {
  readonly step: number;
  readonly low: number;
  readonly high: number;
}

/** The limit of a search for one question: about 20 ms. */
export const SEARCH_STEPS = 20_000;

/** How many steps searches may still take. Several searches for one question share a budget. */
export interface Budget {
  left: number;
}

/** Multiples from 0 to `count` × `step`. */
interface Term {
  step: number;
  count: number;
}

/**
 * Whether one multiple of each step can be chosen so that they add up to a value. Undefined if the
 * budget is spent, or if sums can exceed 2^53 and would not be exact.
 */
export function canSumTo(multiples: readonly Multiples[], value: number, budget: Budget): boolean | undefined {
  if (multiples.some(({ low, high }) => low > high)) return false;
  let target = value;
  const terms: Term[] = [];
  for (const { step, low, high } of multiples) {
    target -= step * low;
    if (high > low) terms.push({ step, count: high - low });
  }
  if (!Number.isSafeInteger(target) || !Number.isSafeInteger(reachOf(terms))) return undefined;
  const reduced = simplified(terms, target);
  return reduced !== null && search(reduced.terms, reduced.target, budget);
}

const reachOf = (terms: readonly Term[]): number => terms.reduce((sum, { step, count }) => sum + step * count, 0);

/** The same question with fewer terms and smaller numbers; null if the answer is no. */
function simplified(given: readonly Term[], value: number): { terms: Term[]; target: number } | null {
  let terms = given;
  let target = value;
  for (;;) {
    terms = joined(terms);
    if (target < 0 || target > reachOf(terms)) return null;
    const common = divisorOf(terms);
    if (common === 0) return { terms: [], target };
    if (target % common !== 0) return null;
    target /= common;
    terms = terms.map(({ step, count }) => ({ step: step / common, count }));
    // If all other steps have a common divisor, what this term leaves them must be divisible by it,
    // as only some multiples do.
    const k = terms.findIndex((_, i) => divisorOf(terms, i) !== 1);
    if (k === -1) return { terms: [...terms], target };
    const { step, count } = terms[k];
    const others = divisorOf(terms, k);
    const first = others === 0 ? target : quotientModulo(target, step, others); // of one term alone the step is 1 now
    if (first > count) return null;
    target -= first * step;
    const apart = others === 0 ? count + 1 : others;
    terms = terms.with(k, { step: step * apart, count: Math.floor((count - first) / apart) });
  }
}

/** The greatest common divisor of the steps, perhaps without one of them; 0 if there are none. */
const divisorOf = (terms: readonly Term[], without = -1): number =>
  terms.reduce((divisor, { step }, i) => (i === without ? divisor : gcd(divisor, step)), 0);

/**
 * Removes terms that are always 0, and joins terms that together give all multiples of one step.
 * Sorts the largest step first.
 */
function joined(given: readonly Term[]): Term[] {
  const terms: Term[] = [];
  for (const { step, count } of given.filter((term) => term.count > 0).sort((a, b) => a.step - b.step)) {
    const into = terms.find((term) => step % term.step === 0 && step / term.step <= term.count + 1);
    if (into === undefined) terms.push({ step, count });
    else into.count += (step / into.step) * count;
  }
  return terms.reverse();
}

/**
 * Tries those multiples of the largest step that leave a value which the other steps may reach, and
 * so on.
 */
function search(terms: readonly Term[], value: number, budget: Budget): boolean | undefined {
  const reach = terms.map((_, k) => reachOf(terms.slice(k)));
  const divisors = terms.map((_, k) => divisorOf(terms.slice(k)));
  const visit = (k: number, target: number): boolean | undefined => {
    if (k === terms.length) return target === 0;
    if (target < 0 || target > reach[k] || target % divisors[k] !== 0) return false;
    if (k === terms.length - 1) return true;
    const { step, count } = terms[k];
    // The remaining value must be within the reach of the other terms, and divisible by their
    // common divisor.
    const low = Math.max(0, Math.ceil((target - reach[k + 1]) / step));
    const high = Math.min(count, Math.floor(target / step));
    const common = divisors[k];
    const apart = divisors[k + 1] / common;
    const first = quotientModulo(target / common, step / common, apart);
    const start = low + modulo(first - low, apart);
    // One other term can always reach such a value.
    if (k === terms.length - 2) return start <= high;
    for (let i = start; i <= high; i += apart) {
      if (budget.left-- <= 0) return undefined;
      const found = visit(k + 1, target - i * step);
      if (found !== false) return found;
    }
    return false;
  };
  return visit(0, value);
}

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

const modulo = (value: number, modulus: number): number => ((value % modulus) + modulus) % modulus;

/**
 * The smallest q ≥ 0 with q × divisor ≡ value (mod modulus). The greatest common divisor of divisor
 * and modulus must be 1.
 */
function quotientModulo(value: number, divisor: number, modulus: number): number {
  let [previous, rest] = [modulus, divisor % modulus];
  let [before, inverse] = [0, 1];
  while (rest > 1) {
    const quotient = Math.floor(previous / rest);
    [previous, rest] = [rest, previous % rest];
    [before, inverse] = [inverse, before - quotient * inverse];
  }
  return productModulo(modulo(value, modulus), modulo(inverse, modulus), modulus);
}

function productModulo(a: number, b: number, modulus: number): number {
  const product = a * b;
  if (product <= Number.MAX_SAFE_INTEGER) return product % modulus;
  return Number((BigInt(a) * BigInt(b)) % BigInt(modulus));
}
