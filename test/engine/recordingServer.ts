/** A server that answers every request of the dialect at once, without a model, and notes what was asked. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Noted {
  readonly route: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface RecordingServer {
  readonly url: string;
  readonly noted: readonly Noted[];
  /** Bodies of the requests of one route, in order. */
  readonly bodies: (route: string) => Readonly<Record<string, unknown>>[];
  readonly close: () => void;
}

interface AskedBody {
  readonly request_id?: string;
  readonly num_samples?: number;
  readonly sampling_params?: { readonly max_tokens: number };
  readonly forward_backward_input?: { readonly data: readonly AskedDatum[] };
  readonly forward_input?: { readonly data: readonly AskedDatum[] };
}

interface AskedDatum {
  readonly loss_fn_inputs: { readonly target_tokens: { readonly data: readonly number[] } };
}

/** `capabilities` answers `get_server_capabilities`. */
export async function startRecordingServer(capabilities: object): Promise<RecordingServer> {
  const noted: Noted[] = [];
  const futures = new Map<string, object>();
  let models = 0;

  function answer(route: string, body: AskedBody): object {
    if (route === 'get_server_capabilities') return capabilities;
    if (route === 'create_session') return { session_id: 's' };
    if (route === 'create_sampling_session') return { sampling_session_id: 'start' };
    if (route === 'get_info') return { model_data: { model_name: 'served' } };
    if (route === 'retrieve_future') return futures.get(body.request_id ?? '') ?? {};
    const request_id = String(futures.size + 1);
    if (route === 'create_model') models += 1;
    const model = route === 'create_model' && { model_id: `m${models}` };
    futures.set(request_id, { ...model, ...resultOf(route, body) });
    return { request_id, ...model };
  }

  const server = createServer((request, response) => {
    void text(request).then((sent) => {
      const route = (request.url ?? '').replace('/api/v1/', '');
      const body = (sent === '' ? {} : JSON.parse(sent)) as AskedBody;
      if (route !== 'retrieve_future') noted.push({ route, body: { ...body } });
      response.end(JSON.stringify(answer(route, body)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    noted,
    bodies: (wanted) => noted.flatMap(({ route, body }) => (route === wanted ? [body] : [])),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function resultOf(route: string, body: AskedBody): object {
  if (route === 'save_weights_for_sampler') return { sampling_session_id: 'sampling' };
  if (route === 'save_weights') return { path: 'tinker://m1/weights/a' };
  if (route === 'optim_step') return { metrics: { 'skyrl.ai/grad_norm': 2 } };
  if (route === 'asample') {
    const tokens = new Array<number>(body.sampling_params?.max_tokens ?? 1).fill(5);
    const sequence = { stop_reason: 'length', tokens, logprobs: tokens.map(() => -1) };
    return { sequences: new Array(body.num_samples ?? 1).fill(sequence) };
  }
  const { data } = body.forward_backward_input ?? body.forward_input ?? { data: [] };
  return {
    metrics: {},
    loss_fn_outputs: data.map(({ loss_fn_inputs }) => ({
      logprobs: { data: loss_fn_inputs.target_tokens.data.map(() => -1) },
    })),
  };
}
