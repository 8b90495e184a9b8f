#!/usr/bin/env node
// Prints the section of CHANGELOG.md for the version in package.json, for its release notes.
//
//   node scripts/changelog-section.mjs [TAG]
//
// Fails unless the version has a section that has a date (`## 1.2.3 - 2026-12-31`) and is not
// empty, and unless the tag, if given, is `v1.2.3`.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The section of a version without its heading. Throws a sentence that says what is wrong. */
export function sectionOf(changelog, version, tag = `v${version}`) {
  if (tag !== `v${version}`) throw new Error(`the tag is ${tag}, but package.json has the version ${version}`);
  const [, ...sections] = changelog.split(/^## /m);
  const section = sections.find((text) => text.split(/[\s\]]/, 1)[0].replace('[', '') === version);
  if (section === undefined) throw new Error(`CHANGELOG.md has no section ${version}`);
  const [heading] = section.split('\n', 1);
  if (!/ - \d{4}-\d\d-\d\d$/.test(heading)) {
    throw new Error(`the section ${version} of CHANGELOG.md has no date: expected '## ${version} - YYYY-MM-DD'`);
  }
  const text = section.slice(heading.length).trim();
  if (text === '') throw new Error(`the section ${version} of CHANGELOG.md is empty`);
  return text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
  try {
    console.log(sectionOf(read('CHANGELOG.md'), JSON.parse(read('package.json')).version, process.argv[2]));
  } catch (error) {
    console.error(`changelog-section: ${error.message}`);
    process.exitCode = 1;
  }
}
