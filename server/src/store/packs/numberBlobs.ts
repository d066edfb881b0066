/** Numbers as compact little-endian blobs, four bytes each. */

/** Integers between −2³¹ and 2³¹ − 1, such as token ids, as Int32. */
export function integersToBlob(integers: readonly number[]): Uint8Array {
  const blob = new Uint8Array(integers.length * 4);
  const view = new DataView(blob.buffer);
  integers.forEach((integer, index) => {
    view.setInt32(index * 4, integer, true);
  });
  return blob;
}

/** Inverse of {@link integersToBlob}; bytes beyond the last whole number are left out. */
export function blobToIntegers(blob: Uint8Array): number[] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  return Array.from({ length: Math.floor(blob.byteLength / 4) }, (_, index) =>
    view.getInt32(index * 4, true),
  );
}

/** Numbers as Float32: for log-probabilities the precision in which engines compute them. */
export function floatsToBlob(numbers: readonly number[]): Uint8Array {
  const blob = new Uint8Array(numbers.length * 4);
  const view = new DataView(blob.buffer);
  numbers.forEach((value, index) => {
    view.setFloat32(index * 4, value, true);
  });
  return blob;
}

/** Inverse of {@link floatsToBlob} up to Float32 rounding; bytes beyond the last whole number are left out. */
export function blobToFloats(blob: Uint8Array): number[] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  return Array.from({ length: Math.floor(blob.byteLength / 4) }, (_, index) =>
    view.getFloat32(index * 4, true),
  );
}
