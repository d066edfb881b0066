/** Files out of a ZIP archive in memory, such as a wheel of PyPI: APPNOTE 6.3.10, without ZIP64 and encryption. */
import { inflateRawSync } from 'node:zlib';

const END = 0x06054b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
const CENTRAL = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;

/**
 * What `path` holds in the archive `zip`; undefined where the archive has no such file.
 * Throws RangeError or an error of zlib where the archive is damaged or the file larger than `maximumBytes`.
 */
export function zipMember(zip: Buffer, path: string, maximumBytes: number): Buffer | undefined {
  const end = endOf(zip);
  const count = zip.readUInt16LE(end + 10);
  let entry = zip.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (zip.readUInt32LE(entry) !== CENTRAL) throw new RangeError('its list of files is damaged');
    const nameBytes = zip.readUInt16LE(entry + 28);
    const name = zip.toString('utf8', entry + CENTRAL_BYTES, entry + CENTRAL_BYTES + nameBytes);
    if (name === path) return contents(zip, entry, maximumBytes);
    entry +=
      CENTRAL_BYTES + nameBytes + zip.readUInt16LE(entry + 30) + zip.readUInt16LE(entry + 32);
  }
  return undefined;
}

/** The end record is the last thing in the archive, but for a comment. */
function endOf(zip: Buffer): number {
  const first = Math.max(0, zip.length - END_BYTES - LONGEST_COMMENT);
  for (let place = zip.length - END_BYTES; place >= first; place -= 1) {
    if (zip.readUInt32LE(place) === END) return place;
  }
  throw new RangeError('it is not a ZIP archive');
}

function contents(zip: Buffer, entry: number, maximumBytes: number): Buffer {
  const method = zip.readUInt16LE(entry + 10);
  const size = zip.readUInt32LE(entry + 20);
  const local = zip.readUInt32LE(entry + 42);
  const start = local + LOCAL_BYTES + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  if (start + size > zip.length) throw new RangeError('a file in it is cut off');
  const packed = zip.subarray(start, start + size);
  if (method === DEFLATED) return inflateRawSync(packed, { maxOutputLength: maximumBytes });
  if (method === STORED && size <= maximumBytes) return packed;
  throw new RangeError('a file in it is packed in another way, or too large');
}
