/** One of the two things compared: makes an update whenever it is told to, and says what that took. */

export interface UpdateFigures {
  readonly generationSeconds: number;
  /** Everything after sampling: rewards, advantages, gradients, the optimizer's step. */
  readonly trainingSeconds: number;
  /** Sampled tokens up to and with the end token; padding is not counted. */
  readonly completionTokens: number;
  /** Tokens of all prompts, each once per answer. */
  readonly promptTokens: number;
  /** The process that holds the model; undefined where the system does not tell. */
  readonly peakMemoryMb: number | undefined;
}

export interface Side {
  readonly name: string;
  update(): Promise<UpdateFigures>;
  close(): Promise<void>;
}
