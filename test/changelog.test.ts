/** The notes of a release are the section of its version in the changelog. */

import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { node, root } from './support/command';

const script = pathToFileURL(path.join(root, 'scripts', 'changelog-section.mjs')).href;

/** What sectionOf gives, or the message of what it throws. In a process of its own: jest does not load modules of ESM. */
function sectionOf(...args: string[]): string {
  const program = `import { sectionOf } from ${JSON.stringify(script)};
    try { process.stdout.write(sectionOf(...${JSON.stringify(args)})); }
    catch (error) { process.stdout.write('Error: ' + error.message); }`;
  const { code, stdout, stderr } = node(['--input-type=module', '--eval', program]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const changelog = `# Changelog

## Unreleased

- Not yet.

## [1.10.0] - 2027-02-01

### Added

- The tenth.

## 1.1.0-rc.1 - 2027-01-02

- A candidate.

## 1.1.0 - 2027-01-03

- The first.

## 1.0.1

- Without a date.

## 1.0.0 - 2027-01-01
`;

test.each([
  ['1.10.0', '### Added\n\n- The tenth.'],
  ['1.1.0', '- The first.'],
  ['1.1.0-rc.1', '- A candidate.'],
  ['1.1', 'Error: CHANGELOG.md has no section 1.1'],
  ['1.0.1', "Error: the section 1.0.1 of CHANGELOG.md has no date: expected '## 1.0.1 - YYYY-MM-DD'"],
  ['1.0.0', 'Error: the section 1.0.0 of CHANGELOG.md is empty'],
])('%s', (version, expected) => {
  expect(sectionOf(changelog, version)).toBe(expected);
});

test('the tag must be that of the version', () => {
  expect(sectionOf(changelog, '1.1.0', 'v1.1.0')).toBe('- The first.');
  expect(sectionOf(changelog, '1.1.0', '1.1.0')).toBe(
    'Error: the tag is 1.1.0, but package.json has the version 1.1.0',
  );
});
