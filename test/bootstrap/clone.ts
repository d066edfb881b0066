/**
 * A small clone in a temporary folder: the real set-up scripts, and on its PATH an npm and a python3
 * that do, or fail to do, in milliseconds what the real ones do in minutes. Their messages are those
 * of npm 11, Debian's Python 3.11 and pip 24.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PROJECT = path.join(import.meta.dirname, '..', '..');

export interface Fakes {
  /** `hang` stops half-way, with a helper process of its own running; `slow` takes half a second. */
  readonly npm?: 'ok' | 'slow' | 'offline' | 'disk-full' | 'optional-offline' | 'hang' | 'absent';
  readonly python?: 'ok' | 'no-venv' | 'no-ensurepip-but-pip' | 'absent';
  readonly pythonVersion?: string;
  /** Absent from PATH where nothing is said. */
  readonly uv?: 'ok' | 'offline';
  readonly pip?:
    'ok' | 'offline' | 'no-upgrade' | 'no-cpu-builds' | 'changed' | 'disk-full' | 'hang';
}

export interface SetupRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Clone {
  readonly root: string;
  readonly #fakePrograms: string;

  constructor() {
    this.root = realpathSync(mkdtempSync(path.join(tmpdir(), 'azr clone ')));
    this.#fakePrograms = path.join(this.root, 'fake programs');
    for (const folder of ['scripts', 'server/src/python']) {
      cpSync(path.join(PROJECT, folder), path.join(this.root, folder), { recursive: true });
    }
    this.write('package.json', JSON.stringify({ name: 'clone', type: 'module' }));
    this.write('package-lock.json', JSON.stringify({ packages: lockedPackages('1.0.0') }));
    for (const file of ['pip', 'torch', 'packages']) {
      this.write(`server/engine/locks/${file}.txt`, `${file}==1.0 --hash=sha256:0\n`);
    }
    this.write('scripts/build.mjs', BUILD);
    this.write('scripts/source.txt', 'one');
    this.write('fake programs/package.json', JSON.stringify({ type: 'commonjs' }));
  }

  /** Runs `npm start -- --headless --steps 1`'s script to its end. */
  async start(fakes: Fakes = {}): Promise<SetupRun> {
    return finished(this.spawnStart(fakes));
  }

  spawnStart(
    fakes: Fakes = {},
    script = 'start.mjs',
    words = ['--headless', '--steps', '1'],
  ): ChildProcess {
    const programs = this.installFakes(fakes);
    return spawn(process.execPath, [path.join('scripts', script), ...words], {
      cwd: this.root,
      env: { PATH: programs, HOME: this.root },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** What the fakes were asked to do, oldest first. */
  calls(): readonly string[] {
    return this.has('calls.log') ? this.read('calls.log').trim().split('\n') : [];
  }

  write(file: string, text: string): void {
    const target = path.join(this.root, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text);
  }

  read(file: string): string {
    return readFileSync(path.join(this.root, file), 'utf8');
  }

  has(file: string): boolean {
    return existsSync(path.join(this.root, file));
  }

  remove(file = ''): void {
    rmSync(path.join(this.root, file), { recursive: true, force: true });
  }

  /** Replaces the programs on the clone's PATH, and returns that PATH. */
  installFakes(fakes: Fakes): string {
    mkdirSync(this.#fakePrograms, { recursive: true });
    rmSync(path.join(this.#fakePrograms, 'npm'), { force: true });
    rmSync(path.join(this.#fakePrograms, 'python3'), { force: true });
    if (fakes.npm !== 'absent') {
      this.#installFake('npm', FAKE_NPM, fakes);
    }
    rmSync(path.join(this.#fakePrograms, 'uv'), { force: true });
    if (fakes.uv !== undefined) {
      this.#installFake('uv', FAKE_UV, fakes);
    }
    if (fakes.python !== 'absent') {
      this.#installFake('python3', FAKE_PYTHON, fakes);
    }
    return this.#fakePrograms;
  }

  #installFake(name: string, body: string, fakes: Fakes): void {
    const file = path.join(this.#fakePrograms, name);
    const head = `const fakes = ${JSON.stringify(fakes)}; const root = ${JSON.stringify(this.root)};`;
    writeFileSync(file, `#!${process.execPath}\n${head}\n${SHARED}\n${body}`);
    chmodSync(file, 0o755);
  }
}

export function finished(child: ChildProcess): Promise<SetupRun> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  return new Promise((resolve) => {
    child.on('close', (exitCode) => {
      resolve({ exitCode, stdout, stderr });
    });
  });
}

export function lockedPackages(version: string): Readonly<Record<string, object>> {
  return {
    '': { name: 'clone' },
    'node_modules/left': { version },
    'node_modules/for-this-system': {
      version,
      optional: true,
      os: [process.platform],
      cpu: [process.arch],
    },
    'node_modules/for-another-system': { version, optional: true, os: ['aix'], cpu: ['ppc64'] },
  };
}

/** The stand-in for scripts/build.mjs makes a CLI that tells its arguments and then ends. */
const BUILD = `
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
mkdirSync('dist', { recursive: true });
writeFileSync('dist/cli.mjs', 'console.log(JSON.stringify(process.argv.slice(2)));');
const { size, mtimeMs } = statSync('scripts/source.txt');
writeFileSync('dist/inputs.json', JSON.stringify({ 'scripts/source.txt': { bytes: size, modifiedMs: mtimeMs } }));
`;

const SHARED = `
const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');
const words = process.argv.slice(2);
function log(text) { fs.appendFileSync(path.join(root, 'calls.log'), text + '\\n'); }
function fail(code, text) { process.stderr.write(text + '\\n'); process.exit(code); }
function hang() {
  const helper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  fs.writeFileSync(path.join(root, 'hanging.json'), JSON.stringify([process.pid, helper.pid]));
  if (fakes.npm === 'hang') process.on('SIGTERM', () => {});
  setInterval(() => {}, 1000);
}
`;

const FAKE_NPM = `
log('npm ' + words[0]);
if (words[0] === 'install') {
  for (const name of ['spdlog', 'native-watchdog']) {
    fs.mkdirSync(path.join('node_modules', '@vscode', name), { recursive: true });
  }
  process.exit(0);
}
const lock = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'));
fs.rmSync('node_modules', { recursive: true, force: true });
fs.mkdirSync('node_modules/half', { recursive: true });
if (fakes.npm === 'offline') {
  fail(1, 'npm error code ENOTFOUND\\nnpm error network request failed, reason: getaddrinfo ENOTFOUND');
} else if (fakes.npm === 'disk-full') {
  fail(228, 'npm error code ENOSPC\\nnpm error syscall write\\nnpm error nospc ENOSPC: no space left on device, write');
} else if (fakes.npm === 'hang') {
  hang();
} else {
  if (fakes.npm === 'slow') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  fs.rmSync('node_modules/half', { recursive: true });
  for (const [location, locked] of Object.entries(lock.packages)) {
    if (location === '' || ![locked.os ?? process.platform].flat().includes(process.platform)) {
      delete lock.packages[location];
      continue;
    }
    if (locked.cpu && ![locked.cpu].flat().includes(process.arch)) {
      delete lock.packages[location];
      continue;
    }
    fs.mkdirSync(location, { recursive: true });
    if (location === 'node_modules/code-server') {
      const shipped = path.join(location, 'lib', 'vscode');
      fs.mkdirSync(path.join(shipped, 'extensions'), { recursive: true });
      const dependencies = { '@github/copilot-sdk': '1.0.0', '@vscode/spdlog': '1.0.0' };
      fs.writeFileSync(path.join(shipped, 'package.json'), JSON.stringify({ dependencies }));
    }
    if (/node-(linux|win)-/.test(location)) {
      fs.mkdirSync(path.join(location, 'bin'));
      fs.symlinkSync(process.execPath, path.join(location, 'bin', 'node'));
    }
  }
  if (fakes.npm === 'optional-offline') {
    delete lock.packages['node_modules/for-this-system'];
    process.stderr.write('npm http fetch GET attempt 3 failed with EAI_AGAIN\\n');
  }
  fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify(lock));
}
`;

const FAKE_UV = `
const [command, ...rest] = words;
if (command === 'venv') {
  log('uv venv');
  fs.mkdirSync(path.join(rest.at(-1), 'bin'), { recursive: true });
  fs.symlinkSync(path.join(root, 'fake programs', 'python3'), path.join(rest.at(-1), 'bin', 'python'));
} else {
  const hashed = rest.includes('--require-hashes') ? '' : ' unhashed';
  log('uv ' + path.basename(rest.at(-1), '.txt') + hashed);
  if (fakes.uv === 'offline') fail(2, 'error: Failed to fetch: dns error');
}
`;

const FAKE_PYTHON = `
function offline() {
  fail(1, "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError': Failed to establish a new connection: [Errno -3] Temporary failure in name resolution\\nERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: none)\\nERROR: No matching distribution found for torch==2.13.0");
}
const own = process.argv[1];
const [flag, pythonModule, ...rest] = words;
function makeEnvironment(directory) {
  fs.mkdirSync(path.join(directory, 'bin'), { recursive: true });
  fs.symlinkSync(path.join(root, 'fake programs', 'python3'), path.join(directory, 'bin', 'python'));
}
if (flag === '-c') {
  console.log((fakes.pythonVersion ?? '3.11.2') + '\\n' + own);
} else if (pythonModule === 'venv') {
  log('venv ' + (rest.includes('--without-pip') ? 'without pip' : 'with pip'));
  if (!rest.includes('--without-pip') && fakes.python !== undefined && fakes.python !== 'ok') {
    fs.mkdirSync(path.join(rest.at(-1), 'bin'), { recursive: true });
    fail(1, 'The virtual environment was not created successfully because ensurepip is not\\navailable.  On Debian/Ubuntu systems, you need to install the python3-venv\\npackage using the following command.');
  }
  makeEnvironment(rest.at(-1));
} else if (pythonModule === 'virtualenv') {
  log('virtualenv');
  fail(1, own + ': No module named virtualenv');
} else if (pythonModule === 'pip' && rest[0] === '--python') {
  log('pip for the environment');
  if (fakes.python === 'no-venv') fail(1, own + ': No module named pip');
} else if (pythonModule === 'pip' && rest.some((word) => word.endsWith('pip.txt'))) {
  log('pip upgrade');
  if (fakes.pip === 'offline' || fakes.pip === 'no-upgrade') fail(1, 'ERROR: Could not find a version');
} else if (pythonModule === 'pip' && rest.some((word) => word.endsWith('torch.txt'))) {
  log('pip with CUDA');
  if (fakes.pip === 'offline') offline();
} else if (pythonModule === 'pip' && rest.some((word) => word.endsWith('requirements-cpu.txt'))) {
  log('pip without CUDA');
  if (fakes.pip === 'no-cpu-builds') fail(1, 'ERROR: No matching distribution found for torch');
} else if (pythonModule === 'pip') {
  log('pip install');
  if (fakes.pip === 'offline') {
    offline();
  } else if (fakes.pip === 'changed') {
    fail(1, 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, please update the hashes. Otherwise, examine the package contents carefully; someone may have tampered with them.');
  } else if (fakes.pip === 'disk-full') {
    fail(1, 'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device');
  } else if (fakes.pip === 'hang') {
    hang();
  }
}
`;
