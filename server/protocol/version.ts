/** Version of everything in this folder. A client and a server with different numbers refuse to talk. */
export const PROTOCOL_VERSION = 1;
