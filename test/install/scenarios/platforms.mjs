// Every system that the package has an addon for: those that this machine can run, and who runs the others.

import { targets } from '../../../scripts/targets.mjs';
import { cannotRun, systems } from '../support/systems.mjs';

const ways = {
  'linux-x64': 'Node 24',
  'linux-arm64': 'Node 24 under qemu-user',
  'linux-x64-musl': 'Bun in a root that has only musl',
};

const here = (target) => ({
  name: `${target}, ${ways[target]}`,
  skip: (context) => cannotRun(target, context),
  run: async (context) => {
    await context.install();
    const runner = await systems[target].runner(context);
    await context.smoke({ target, runner, bin: [...runner, './node_modules/rsqrt/dist/cli.js'] });
  },
});

/** The jobs of .github/workflows/packages.yml install the packed package on each system. */
const elsewhere = ({ name, libc }) => ({
  name,
  skip: () =>
    `needs that system: job "${libc === 'musl' ? 'install-musl' : 'install'}" of .github/workflows/packages.yml`,
});

export default targets.map((target) => (target.name in systems ? here(target.name) : elsewhere(target)));
export const rows = 8;
