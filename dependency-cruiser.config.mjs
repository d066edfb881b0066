/**
 * The layers of ARCHITECTURE.md, machine-checked. Every rule here has a violation in
 * test/layers/layers.test.ts that must be caught.
 */

/** Each may import the folders before it that its rule names, and none after it. */
const CORES = 'method|grading|sandbox|engine|store';
const WIRING =
  'settings|machine|suites|runFolder|runs|run|doctor|evaluation|serve|languageServer|cli';
/** Which folders of the server's a folder of the wiring may import, beside itself, the protocol and the cores. */
const WIRED = {
  settings: [],
  machine: ['settings'],
  suites: ['settings', 'machine'],
  runFolder: ['settings', 'machine'],
  runs: ['settings', 'machine', 'runFolder'],
  run: ['settings', 'machine', 'suites', 'runFolder', 'runs'],
  doctor: ['settings', 'machine', 'runFolder', 'run'],
  evaluation: ['settings', 'machine', 'suites', 'runFolder', 'runs', 'run'],
  serve: ['settings', 'machine', 'runFolder', 'runs', 'run'],
};
/** Below all: how files are opened, Python is started, literals are read; statistics. */
const GROUND = 'files|python|literal|statistics';
const OUTSIDE_SERVER = '^(extension|webview|test|bench|scripts)/';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Modules that import each other cannot be understood or tested one at a time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'protocol-imports-nothing',
      comment: 'Every process and the webview share the protocol; it must run everywhere.',
      severity: 'error',
      from: { path: '^server/protocol/' },
      to: { pathNot: '^server/protocol/' },
    },
    {
      name: 'cores-import-only-protocol',
      comment:
        'The method, grading, sandbox, engine client and store meet in the run, never each other. How files of strangers are opened, literals and statistics are below them all.',
      severity: 'error',
      from: { path: `^server/src/(${CORES})/` },
      to: { path: '^server/', pathNot: `^server/(protocol|src/($1|${GROUND}))/` },
    },
    {
      name: 'method-knows-no-files',
      comment: 'The method is given what it needs; it neither reads nor writes files.',
      severity: 'error',
      from: { path: '^server/src/method/' },
      to: { path: '^server/src/(files|python)/' },
    },
    {
      name: 'files-import-only-problems',
      comment: 'How files are opened is decided without knowing what is in them.',
      severity: 'error',
      from: { path: '^server/src/files/' },
      to: { path: '^server/', pathNot: '^server/(protocol/problem\\.ts$|src/files/)' },
    },
    {
      name: 'literals-import-nothing',
      comment: 'What a Python literal is depends on nothing of ours.',
      severity: 'error',
      from: { path: '^server/src/literal/' },
      to: { path: '^server/', pathNot: '^server/src/literal/' },
    },
    {
      name: 'statistics-import-only-protocol',
      comment: 'Statistics are functions of numbers: where those come from is for others to know.',
      severity: 'error',
      from: { path: '^server/src/statistics/' },
      to: { path: '^server/', pathNot: '^server/(protocol|src/statistics)/' },
    },
    {
      name: 'python-imports-nothing',
      comment: 'How Python is started and set up is shared with the set-up of a bare clone.',
      severity: 'error',
      from: { path: '^server/src/python/' },
      to: { pathNot: '^server/src/python/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'wiring-is-imported-by-wiring',
      comment: 'What wires the layers together is known to none of them.',
      severity: 'error',
      from: { path: '^server/', pathNot: `^server/src/(${WIRING})/` },
      to: { path: `^server/src/(${WIRING})/` },
    },
    ...Object.entries(WIRED).map(([folder, known]) => ({
      name: `${folder}-imports-downwards`,
      comment:
        'Settings, the machine, suites of benchmarks, the folder of a run, runs as viewers see them, the run itself, the doctor, evaluations and what serves a model build on one another in this order.',
      severity: /** @type {const} */ ('error'),
      from: { path: `^server/src/${folder}/` },
      to: {
        path: `^server/src/(${WIRING})/`,
        pathNot: `^server/src/(${[folder, ...known].join('|')})/`,
      },
    })),
    {
      name: 'suites-know-dialects-alone',
      comment:
        'A suite writes prompts as a dialect does; how a model is trained and which sandbox runs programs is for others to know.',
      severity: 'error',
      from: { path: '^server/src/suites/' },
      to: {
        path: '^server/src/(engine|method|sandbox|store)/',
        pathNot: '^server/src/method/dialects/',
      },
    },
    {
      name: 'server-stands-alone',
      comment: 'The server runs without VS Code; what ships never imports tests or scripts.',
      severity: 'error',
      from: { path: '^server/' },
      to: { path: OUTSIDE_SERVER },
    },
    {
      name: 'only-extension-imports-vscode',
      comment: 'The module vscode exists in the extension host alone.',
      severity: 'error',
      from: { pathNot: '^(extension|test/vscode/host/suite)/' },
      to: { path: '^vscode$' },
    },
    {
      name: 'extension-imports-only-protocol',
      comment: 'The extension talks to the server in messages.',
      severity: 'error',
      from: { path: '^extension/' },
      to: {
        path: '^(server|webview|test|bench|scripts)/',
        pathNot: '^server/protocol/',
      },
    },
    {
      name: 'webview-imports-only-protocol',
      comment: 'A webview is a web page: it has messages, and nothing of Node.',
      severity: 'error',
      from: { path: '^webview/' },
      to: { path: '^(server|extension|test|bench|scripts)/', pathNot: '^server/protocol/' },
    },
    {
      name: 'webview-has-no-node',
      comment: 'A webview is a web page: it has messages, and nothing of Node.',
      severity: 'error',
      from: { path: '^webview/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-undeclared-packages',
      comment: 'A package that package.json does not name may be gone tomorrow.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'set-up-has-no-dependencies',
      comment: 'The set-up runs in a bare clone, before any package is installed.',
      severity: 'error',
      from: {
        path: '^scripts/(bootstrap/|studio/|(start|run|check|checks|test|testReports)\\.mjs$)',
      },
      to: { dependencyTypesNot: ['core', 'local'] },
    },
    {
      name: 'no-missing-modules',
      comment: 'An import that resolves to nothing fails at run time.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^vscode$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/fixtures/' },
    // Imports of types count: a layer that knows another's types knows the other.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js'],
      // vscode-languageclient and its server have their entries for Node under a condition of its own.
      exportsFields: ['exports'],
      conditionNames: ['node', 'import', 'require', 'default', 'types'],
    },
  },
};
