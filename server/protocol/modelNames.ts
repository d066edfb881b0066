/** Names of models that are fetched before a run can start with them. */

/** SmolLM2-135M-Instruct, which a Python package carries. */
export const PACKAGED_MODEL = 'smollm2-135m';

/** Whether `text` is an id as the Hugging Face Hub has it: `owner/name`. */
export function isHubId(text: string): boolean {
  return /^[A-Za-z0-9][\w.-]*\/[\w.-]+$/.test(text);
}
