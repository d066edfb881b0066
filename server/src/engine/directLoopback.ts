/** Where Node sends requests through a proxy (NODE_USE_ENV_PROXY), an engine on this machine is none of its. */

const LOOPBACK = 'localhost,127.0.0.1,[::1]';

/**
 * Excepts this machine from the proxy that `environment` names, for this process and those that it starts.
 * Node looks at these variables with every request of `fetch`.
 */
export function keepLoopbackDirect(environment: NodeJS.ProcessEnv): void {
  for (const name of ['no_proxy', 'NO_PROXY']) {
    const others = environment[name] ?? environment[name.toUpperCase()];
    environment[name] = others === undefined || others === '' ? LOOPBACK : `${others},${LOOPBACK}`;
  }
}
