/** A file or folder that is not what it should be, and that is therefore neither read nor written. */

export type FileErrorCode =
  /** A link, a device, a pipe, or a folder in the place of a file. */
  'not-a-plain-file' | 'file-too-large';

/** `remedy` is a sentence for the user. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly code: FileErrorCode;
  readonly remedy: string;

  constructor(code: FileErrorCode, message: string, remedy: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}
