// Package managers: each installs the package from the registry, without running a script, and runs it.

const npm = (major, node) => ({
  name: `npm ${major} --ignore-scripts, Node ${node}`,
  quick: major === '11',
  run: async ({ install, smoke }) => {
    await install({ npm: major, node });
    return smoke({ node });
  },
});

export default [npm('11', '24'), npm('12', '26')];
export const rows = 2;
