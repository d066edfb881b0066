/** The published file that a suite is made of. */
import type { PyPIMember } from './pypiMember.ts';

export interface DataSource {
  /** The suite, for messages. */
  readonly title: string;
  /** Name of the file in the cache. */
  readonly fileName: string;
  /** Of the file, after it was decompressed with gzip: hexadecimal. */
  readonly sha256: string;
  readonly from: { readonly url: string } | PyPIMember;
}
