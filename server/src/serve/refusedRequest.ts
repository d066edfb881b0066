/** Requests that are not answered, and failures, in the form that clients of OpenAI's API read. */
import {
  type OwnProblem,
  type Problem,
  type ProblemCode,
  ProblemError,
} from '../../protocol/problem.ts';
import { hasEnded } from '../run/restartingEngine.ts';

/** The remedy of an engine's end is for its run, which is not what a client has. */
const STARTS_AGAIN = 'It is started again; send the request again in a while.';
/** Tells a client how soon to try again. */
const RETRY_SECONDS = 1;
const SERVER_ERROR = 500;
const UNAVAILABLE = 503;

/** A request that cannot be answered as it is, or not now. */
export class RefusedRequest extends Error {
  readonly status: number;
  readonly problem: Problem;
  /** The parameter that is wrong, if it is one. */
  readonly parameter: string | undefined;

  constructor(status: number, problem: OwnProblem, parameter?: string) {
    super(problem.message);
    this.status = status;
    this.problem = problem;
    this.parameter = parameter;
  }
}

export interface ErrorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly error: {
      readonly message: string;
      readonly type: string;
      readonly param: string | null;
      readonly code: string;
    };
  };
}

/** Failures of the engine and the tokenizer that the request itself brought about. */
const FAULTS_OF_REQUESTS = new Set<string>([
  ...['invalid_request', 'prompt_too_long', 'sequence_too_long'],
  ...([
    'chat_template_refused',
    'tokenizer_refused',
    'temperature_unsupported',
    'top_tokens_unsupported',
  ] satisfies ProblemCode[]),
]);

/** What is answered where `error` was thrown. A failure that was not foreseen is status 500. */
export function errorReply(error: unknown): ErrorReply {
  if (error instanceof RefusedRequest) {
    return reply(error.status, error.problem, error.parameter);
  }
  if (hasEnded(error)) return reply(UNAVAILABLE, { ...error.toProblem(), remedy: STARTS_AGAIN });
  if (error instanceof ProblemError) {
    return reply(FAULTS_OF_REQUESTS.has(error.code) ? 400 : UNAVAILABLE, error.toProblem());
  }
  return reply(SERVER_ERROR, {
    code: 'defect',
    message: 'This is a defect of azr.',
    remedy: 'The terminal of "azr serve" says more; please report it.',
  });
}

function reply(status: number, { code, message, remedy }: Problem, parameter?: string): ErrorReply {
  const mayRetry = status === 429 || status === UNAVAILABLE;
  return {
    status,
    headers: mayRetry ? { 'retry-after': String(RETRY_SECONDS) } : {},
    // The form has no place for a remedy, which is half of what a person needs.
    body: {
      error: {
        message: `${message} ${remedy}`,
        type: typeOf(status),
        param: parameter ?? null,
        code,
      },
    },
  };
}

/** The types of OpenAI's errors. */
function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= SERVER_ERROR ? 'server_error' : 'invalid_request_error';
}
