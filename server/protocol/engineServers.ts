/** The kinds of server that the setting `engineServer` can name. */

/** `auto` takes only what the server declares of itself. */
export const ENGINE_SERVERS = ['auto', 'skyrl-jax', 'skyrl-train', 'tinker'] as const;
export type EngineServer = (typeof ENGINE_SERVERS)[number];
