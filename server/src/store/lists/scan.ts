/**
 * An answer that takes a scan over many rows. It is found a window of rows at a time, so that between two
 * windows the thread can answer something else, and the client can cancel.
 */
export type Scan<Result> = Generator<void, Result, void>;

/** Rows that one window of a list looks at: some milliseconds, also where texts are searched. */
export const WINDOW_ROWS = 500;
