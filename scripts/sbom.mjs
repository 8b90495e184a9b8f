#!/usr/bin/env node
// Writes the components of the package as a CycloneDX document: what npm installs for users, and
// what is linked or copied into the package.
//
//   npm run sbom [-- FILE]     default sbom.cdx.json

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from './npm.mjs';
import { thirdParties } from './third-party.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A row of the table in the form that npm writes. */
function component({ name, version, licence, spdx, use, url }) {
  return {
    'bom-ref': version === null ? name : `${name}@${version}`,
    type: 'library',
    name,
    ...(version === null ? {} : { version, purl: `pkg:npm/${name}@${version}` }),
    scope: 'required',
    description: use,
    licenses: [spdx ? { expression: licence } : { license: { name: licence } }],
    externalReferences: [{ type: 'website', url }],
  };
}

function billOfMaterials() {
  const bom = npm(['sbom', '--sbom-format=cyclonedx', '--omit=dev', '--package-lock-only']);
  const parts = thirdParties.map(component);
  const { name } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const self = bom.metadata.component;
  self.name = name; // npm uses the folder's name
  bom.components.push(...parts);
  bom.dependencies.push(...parts.map((part) => ({ ref: part['bom-ref'], dependsOn: [] })));
  bom.dependencies.find(({ ref }) => ref === self['bom-ref']).dependsOn.push(...parts.map((part) => part['bom-ref']));
  return bom;
}

const file = path.resolve(process.argv[2] ?? 'sbom.cdx.json');
const bom = billOfMaterials();
writeFileSync(file, `${JSON.stringify(bom, null, 2)}\n`);
console.log(`${file}: ${bom.components.length} components`);
