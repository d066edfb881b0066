/** How a run asks its tasks: about programs as its dialect does, in words as benchmarks are asked. */
import { isInWords } from '../../protocol/heldOut.ts';
import { type Asking, askingIn } from '../method/asking.ts';
import { fileSuite } from '../suites/file/fileSuite.ts';
import type { PreparedRun } from './prepareRun.ts';

/** A task in words is put in the form `chat` where the model has a chat template, else in the form `base`. */
export function runAsking({ dialect, model }: Pick<PreparedRun, 'dialect' | 'model'>): Asking {
  const own = askingIn(dialect);
  const name = model.hasChatTemplate ? 'chat' : 'base';
  const inWords = fileSuite.templates.find((template) => template.name === name)!;
  return {
    prompt: (task) => (isInWords(task) ? inWords.ask(task) : own.prompt(task)),
    readAnswer: (task, completion) =>
      isInWords(task) ? inWords.readAnswer(task, completion) : own.readAnswer(task, completion),
  };
}
