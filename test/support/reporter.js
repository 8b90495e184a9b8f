// Ends a run with what it covered and what it skipped and why.
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');

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
    lines.push('', `${results.numPassedTests} passed, ${results.numFailedTests} failed, ${pending} skipped`, '');
    process.stdout.write(lines.join('\n'));
  }
};
