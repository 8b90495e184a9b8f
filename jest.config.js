/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  // Programs of other test runners.
  modulePathIgnorePatterns: ['<rootDir>/test/install'],
  // Takes no types into account; `npm run lint` checks them.
  transform: { '\\.ts$': '<rootDir>/test/support/transform.js' },
  maxWorkers: '100%', // of the processors; by default jest leaves one idle
  testSequencer: '<rootDir>/test/support/sequencer.js',
  reporters: ['default', '<rootDir>/test/support/reporter.js'],
  testTimeout: 120_000 * Number(process.env.RSQRT_TEST_SLOWNESS ?? 1), // test/support/emulation.ts
};
