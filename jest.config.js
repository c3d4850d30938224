// One project per environment that tests need; scripts/test.mjs chooses those that this machine can run.
const needsServices = {
  globalSetup: '<rootDir>/test/support/global-setup.js',
  globalTeardown: '<rootDir>/test/support/global-teardown.js',
};

const project = (name, extra = needsServices) => ({
  displayName: name,
  rootDir: 'dist',
  testMatch: [`<rootDir>/test/${name}/**/*.test.js`],
  testEnvironment: 'node',
  transform: {},
  ...extra,
});

export default {
  projects: [
    project('unit', {}),
    project('netns', {}),
    ...['integration', 'chromium', 'nginx', 'pgbouncer', 'redis-server', 'root'].map((name) => project(name)),
  ],
  testTimeout: 20_000,
};
