// Ends a run with what it covered, what it skipped and why, and which suites took longest.
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');

const SLOWEST = 10;

module.exports = class SummaryReporter {
  onRunStart() {
    this.folder = mkdtempSync(path.join(tmpdir(), 'rsqrt-test-'));
    this.file = path.join(this.folder, 'coverage.jsonl');
    writeFileSync(this.file, '');
    process.env.RSQRT_TEST_COVERAGE = this.file; // inherited by the workers
  }

  onRunComplete(_contexts, results) {
    const entries = readFileSync(this.file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    rmSync(this.folder, { recursive: true });
    const covered = new Map();
    const skipped = new Map();
    for (const entry of entries) {
      if (entry.skipped) {
        skipped.set(entry.skipped, entry.reason);
      } else {
        const values = covered.get(entry.covered) ?? new Set();
        for (const value of entry.values) values.add(value);
        covered.set(entry.covered, values);
      }
    }
    const lines = ['', 'Covered'];
    lines.push(
      `  suites: ${results.testResults
        .map((suite) => path.basename(suite.testFilePath, '.test.ts'))
        .sort()
        .join(', ')}`,
    );
    for (const [dimension, values] of [...covered].sort())
      lines.push(`  ${dimension}: ${[...values].sort().join(', ')}`);
    lines.push('Skipped');
    for (const [what, reason] of [...skipped].sort()) lines.push(`  ${what}: ${reason}`);
    const pending = results.numPendingTests + results.numTodoTests;
    if (skipped.size === 0 && pending === 0) lines.push('  nothing');
    lines.push('Slowest suites');
    for (const { suite, seconds } of slowest(results)) lines.push(`  ${seconds.toFixed(1).padStart(6)} s  ${suite}`);
    lines.push('', `${results.numPassedTests} passed, ${results.numFailedTests} failed, ${pending} skipped`, '');
    process.stdout.write(lines.join('\n'));
  }
};

/** The suites that took longest, with the total in the first line. */
function slowest({ testResults }) {
  const suites = testResults
    .map(({ testFilePath, perfStats }) => ({
      suite: path.basename(testFilePath).replace(/\.test\.[jt]s$/, ''),
      seconds: perfStats.runtime / 1000,
    }))
    .sort((a, b) => b.seconds - a.seconds);
  const all = suites.reduce((sum, { seconds }) => sum + seconds, 0);
  return [{ suite: `all ${suites.length}, one after the other`, seconds: all }, ...suites.slice(0, SLOWEST)];
}
