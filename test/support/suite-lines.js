// A jest reporter for runs that may be killed: when a suite ends, it appends a line of JSON to the
// file that RSQRT_TEST_SUITES names, and prints a line. scripts/test-gpu.mjs reads the file.
const { appendFileSync } = require('node:fs');
const path = require('node:path');

module.exports = class SuiteLines {
  onTestResult(_test, { testFilePath, testResults, testExecError, failureMessage, perfStats, numPassingTests }) {
    const suite = path.basename(testFilePath).replace(/\.test\.[jt]s$/, '');
    const failures = testResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => ({ title: fullName, message: failureMessages.join('\n') }));
    // A suite that does not load has no tests.
    if (testExecError || testResults.length === 0)
      failures.push({ title: 'the suite itself', message: failureMessage });
    const line = {
      part: 'suites',
      suite,
      passed: numPassingTests,
      failed: failures.length,
      skipped: testResults.filter(({ status }) => !['passed', 'failed'].includes(status)).map((each) => each.fullName),
      seconds: perfStats.runtime / 1000,
      failures: failures.map(({ title, message }) => ({ title, message: (message ?? '').slice(0, 2000) })),
    };
    appendFileSync(process.env.RSQRT_TEST_SUITES, `${JSON.stringify(line)}\n`);
    console.log(`  ${suite}: ${line.passed} passed, ${line.failed} failed (${line.seconds.toFixed(1)} s)`);
    for (const { title, message } of line.failures) console.log(`FAILED ${suite}: ${title}\n${message}\n`);
  }
};
