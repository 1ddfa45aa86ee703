/** @type {import('jest').Config} */
export default {
  rootDir: '.',
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.spec.ts'],
  testTimeout: 180_000, // against what hangs: a machine that is busy with others takes its time
  maxWorkers: 2,
  workerIdleMemoryLimit: '1GB', // what a worker keeps of the files before slows down the ones after
  modulePathIgnorePatterns: ['<rootDir>/(libs|apps)/[^/]+/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '@swc/jest' }, // options come from .swcrc
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1', // './x.js' in TypeScript source -> './x.ts'
    '^#sweep-thread$': '<rootDir>/test/support/sweep-thread.mjs', // its source, not what was built last
    '^nestjs-image-cache$': '<rootDir>/libs/image-cache/src/index.ts',
    '^nestjs-image-cache/prometheus$': '<rootDir>/libs/image-cache/src/integrations/prometheus/index.ts',
    '^nestjs-image-cache/([a-z-]+)$': '<rootDir>/libs/image-cache/src/$1/index.ts',
    '^nestjs-iiif$': '<rootDir>/libs/iiif/src/index.ts',
  },
  reporters: ['default', '<rootDir>/test/outcome-reporter.mjs'],
  coverageProvider: 'v8', // the babel provider counts the decorator helpers of swc as branches
  collectCoverageFrom: ['libs/*/src/**/*.ts', 'apps/*/src/**/*.ts', '!apps/*/src/main.ts'],
  coverageDirectory: 'coverage',
};
