/**
 * Puts the compiled interpreter and its library into one WebAssembly file, compresses it and writes
 * the manifest. Started by build.sh: `node pack.mjs python.wasm library.bin LICENSE output-folder`.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

/** The custom section that holds the library; the engine looks it up by this name. */
const SECTION = 'azr.library';

const [wasmFile, libraryFile, licenseFile, outputFolder] = process.argv.slice(2);
if (wasmFile === undefined || libraryFile === undefined || licenseFile === undefined) {
  throw new Error('Usage: pack.mjs python.wasm library.bin LICENSE output-folder');
}
const output = outputFolder ?? '.';
mkdirSync(output, { recursive: true });

const program = Buffer.concat([
  readFileSync(wasmFile),
  customSection(SECTION, readFileSync(libraryFile)),
]);
const compressed = brotliCompressSync(program, {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: program.length,
  },
});
writeFileSync(path.join(output, 'python.wasm.br'), compressed);
copyFileSync(licenseFile, path.join(output, 'LICENSE-python.txt'));
const manifest = {
  file: 'python.wasm.br',
  /** Of the compressed file, which is what is checked before it is used. */
  sha256: sha256(compressed),
  bytes: compressed.length,
  uncompressedSha256: sha256(program),
  uncompressedBytes: program.length,
  pythonVersion: /** @type {string} */ (process.env['SOURCE']).replace(/^\S+ ([\d.]+)-.*$/, '$1'),
  source: process.env['SOURCE'],
  builtWith: process.env['PACKAGES']?.trim().split('\n'),
  imports: importsOf(program),
};
writeFileSync(path.join(output, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(manifest, null, 2)}\n`);

/** @param {Buffer} bytes */
function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @param {Buffer} bytes */
function importsOf(bytes) {
  const module = new WebAssembly.Module(bytes);
  return WebAssembly.Module.imports(module)
    .map((entry) => `${entry.module}.${entry.name}`)
    .sort();
}

/**
 * Section 0 of the binary format: its size, its name, its content.
 * @param {string} name
 * @param {Buffer} content
 */
function customSection(name, content) {
  const body = Buffer.concat([leb128(name.length), Buffer.from(name, 'ascii'), content]);
  return Buffer.concat([Buffer.from([0]), leb128(body.length), body]);
}

/** @param {number} value */
function leb128(value) {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}
