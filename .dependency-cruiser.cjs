/** The rules of ARCHITECTURE.md: dependencies point one way. */
const layer = (name, from, to, comment) => ({ name, severity: 'error', comment, from: { path: from }, to: { path: to, dependencyTypesNot: ['type-only'] } });
const strict = (name, from, to, comment) => ({ name, severity: 'error', comment, from: { path: from }, to: { path: to } });
const TEST = '\\.test\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { ...strict('no-sibling-controller', '(^|/)src/controllers/([^/]+)/.+', '(^|/)src/controllers/([^/]+)/.+', 'Controllers meet only in resources'), to: { path: '(^|/)src/controllers/[^/]+/.+', pathNot: '(^|/)src/controllers/$2/.+' } },
    { ...strict('controllers-know-no-implementation', '(^|/)src/controllers/', '(^|/)src/(engine|providers|cli)/', 'A controller defines ports; the composition root fills them'), from: { path: '(^|/)src/controllers/', pathNot: [TEST, '-fixture\\.ts$'] } },
    { ...strict('engine-knows-no-controllers', '(^|/)src/engine/', '(^|/)src/(controllers|providers|cli)/', 'The engine is any Kubernetes'), from: { path: '(^|/)src/engine/', pathNot: TEST } },
    { ...strict('metrics-knows-no-controllers', '(^|/)src/metrics/', '(^|/)src/(controllers|engine|providers|cli)/', 'The metric store serves anybody'), from: { path: '(^|/)src/metrics/', pathNot: TEST } },
    { ...strict('providers-know-ports-only', '(^|/)src/providers/', '(^|/)src/(engine|cli)/', 'A provider implements what a controller defines'), from: { path: '(^|/)src/providers/', pathNot: TEST } },
    { ...strict('runtime-below-controllers', '(^|/)src/runtime/', '(^|/)src/(controllers|engine|providers|metrics|cli)/', 'api <- client <- runtime <- controllers'), from: { path: '(^|/)src/runtime/', pathNot: TEST } },
    { ...strict('client-below-runtime', '(^|/)src/client/', '(^|/)src/(api|runtime|controllers|engine|providers|metrics|cli)/', 'api <- client <- runtime <- controllers'), from: { path: '(^|/)src/client/', pathNot: TEST } },
    { ...strict('api-below-all', '(^|/)src/(api|kubernetes)/', '(^|/)src/(client|runtime|controllers|engine|providers|metrics|cli)/', 'Kinds do no I/O'), from: { path: '(^|/)src/(api|kubernetes)/', pathNot: TEST } },
    strict('nobody-imports-the-composition-root', '(^|/)src/(?!cli|bin)', '(^|/)src/(cli|bin)/', 'Only src/cli sees everything'),
    layer('no-import-of-tests', '(^|/)src/(?!.*\\.test\\.ts$)', TEST, 'Tests are not a library'),
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'], exportsFields: ['exports'], conditionNames: ['import', 'node'] },
  },
};
