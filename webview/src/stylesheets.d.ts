/** A page imports its style so that it is bundled beside the script; nothing is imported from it. */
declare module '*.css';
