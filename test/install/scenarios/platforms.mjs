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

const elsewhere = (target) => ({
  name: target,
  skip: () => 'runs on that system alone: job "test" of .github/workflows/test.yml',
});

export default targets.map(({ name }) => (name in systems ? here(name) : elsewhere(name)));
export const rows = 8;
