// Who may import whom. Type imports count too.
const cache = '^libs/image-cache/src/';

// A folder may import itself and what stands to its left; folders of one layer may import each other where listed.
const kernel = ['ports', 'common'];
const pure = [...kernel, 'keys', 'http', 'observability'];
const core = [...pure, 'stores', 'tiers', 'maintenance', 'service'];
const framework = [...core, 'nest', 'worker', 'prefetch'];

const mayImport = {
  ports: [],
  common: ['ports'],
  keys: pure,
  http: pure,
  observability: pure,
  stores: pure,
  tiers: pure,
  maintenance: [...pure, 'stores', 'tiers'],
  service: [...pure, 'stores', 'tiers', 'maintenance'],
  nest: framework,
  worker: framework,
  prefetch: framework,
  admin: [...framework, 'integrations'],
  integrations: [...framework, 'admin'],
  testing: kernel,
};

const layers = Object.entries(mayImport).map(([folder, others]) => ({
  name: `layer-${folder}`,
  comment: `${folder} may import: ${others.join(', ') || 'nothing'}`,
  severity: 'error',
  from: { path: `${cache}${folder}/` },
  to: { path: cache, pathNot: `${cache}(${[folder, ...others].join('|')})/` },
}));

const frameworkFolders = 'nest|worker|prefetch|admin|integrations';
const nestPackages = '(^|node_modules/)@nestjs/';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...layers,
    {
      name: 'known-folders',
      comment: 'A new folder gets its place in the layers first.',
      severity: 'error',
      from: {},
      to: { path: cache, pathNot: [`${cache}index\\.ts$`, `${cache}(${Object.keys(mayImport).join('|')})/`] },
    },
    {
      name: 'ports-import-nothing',
      comment: 'Ports are interfaces: they may name the types of Node, and nothing else.',
      severity: 'error',
      from: { path: `${cache}ports/` },
      to: { pathNot: `${cache}ports/`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'ports-import-no-package',
      severity: 'error',
      from: { path: `${cache}ports/` },
      to: { pathNot: `${cache}ports/`, dependencyTypesNot: ['core'] },
    },
    {
      name: 'store-imports-no-other-store',
      severity: 'error',
      from: { path: `${cache}stores/([^/]+)/` },
      to: { path: `${cache}stores/[^/]+/`, pathNot: `${cache}stores/$1/` },
    },
    {
      name: 'combinator-imports-no-concrete-store',
      severity: 'error',
      from: { path: `${cache}stores/[^/]+\\.ts$` },
      to: { path: `${cache}stores/[^/]+/` },
    },
    {
      name: 'core-knows-no-framework',
      severity: 'error',
      from: { path: cache, pathNot: [`${cache}(${frameworkFolders})/`, `${cache}index\\.ts$`] },
      to: { path: nestPackages },
    },
    {
      name: 'metrics-are-behind-their-own-entry',
      severity: 'error',
      from: { path: cache, pathNot: `${cache}integrations/prometheus/` },
      to: { path: '(^|node_modules/)prom-client(/|$)' },
    },
    {
      name: 'optional-peers-are-not-loaded',
      comment: 'The main entry loads without its optional peers: import their types, or import them dynamically.',
      severity: 'error',
      from: { path: cache },
      to: { path: '(^|node_modules/)@nestjs/schedule(/|$)', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'iiif-core-knows-no-framework',
      severity: 'error',
      from: { path: '^libs/iiif/src/', pathNot: '^libs/iiif/src/nest/' },
      to: { path: nestPackages },
    },
    {
      name: 'packages-by-name',
      comment: 'Another package is imported by its name, never by a path into its folder.',
      severity: 'error',
      from: { path: '^(libs|apps)/([^/]+)/' },
      to: { path: '^(libs|apps)/', pathNot: '^$1/$2/' },
    },
    {
      name: 'no-import-of-itself-by-name',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: ['(^|node_modules/)nestjs-$1(/|$)', '^libs/$1/dist/'] },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: ['(^|/)node_modules/', '^(libs|apps)/[^/]+/dist/'] },
    preserveSymlinks: true,
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
      mainFields: ['types', 'module', 'main'],
    },
  },
};
