/** Token ids and log-probabilities as compact little-endian blobs, four bytes per number. */

/** Token ids (integers below 2³¹) as Int32, little endian. */
export function tokensToBlob(tokens: readonly number[]): Uint8Array {
  const blob = new Uint8Array(tokens.length * 4);
  const view = new DataView(blob.buffer);
  tokens.forEach((token, index) => {
    view.setInt32(index * 4, token, true);
  });
  return blob;
}

/** Inverse of {@link tokensToBlob}. */
export function blobToTokens(blob: Uint8Array): number[] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  return Array.from({ length: blob.byteLength / 4 }, (_, index) => view.getInt32(index * 4, true));
}

/** Natural log-probabilities as Float32, little endian: the precision in which engines compute them. */
export function logProbabilitiesToBlob(logProbabilities: readonly number[]): Uint8Array {
  const blob = new Uint8Array(logProbabilities.length * 4);
  const view = new DataView(blob.buffer);
  logProbabilities.forEach((value, index) => {
    view.setFloat32(index * 4, value, true);
  });
  return blob;
}

/** Inverse of {@link logProbabilitiesToBlob}, up to Float32 rounding. */
export function blobToLogProbabilities(blob: Uint8Array): number[] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  return Array.from({ length: blob.byteLength / 4 }, (_, index) =>
    view.getFloat32(index * 4, true),
  );
}
