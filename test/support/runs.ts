/**
 * How often random cases are tried: 500 times for every commit, 10,000 times every night
 * (nightly.yml). RSQRT_TEST_RUNS sets another number.
 */
export const runs = Number(process.env.RSQRT_TEST_RUNS ?? 500);
