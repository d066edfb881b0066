/** Where runs are kept, below the folder that somebody works in. */
export const RUNS_FOLDER = 'runs';
