/** How a run asks its tasks: about programs as its dialect does, in words as benchmarks are asked. */
import { isInWords } from '../../protocol/heldOut.ts';
import { type Asking, askingIn, type SolvableTask } from '../method/asking.ts';
import { fileSuite } from '../suites/file/fileSuite.ts';
import { isItemName } from '../suites/reasoningGym/families.ts';
import { reasoningGym } from '../suites/reasoningGym/reasoningGym.ts';
import type { Suite } from '../suites/suite.ts';
import type { PreparedRun } from './prepareRun.ts';

/** A task in words is put in the form `chat` where the model has a chat template, else in the form `base`. */
export function runAsking({ dialect, model }: Pick<PreparedRun, 'dialect' | 'model'>): Asking {
  const own = askingIn(dialect);
  const name = model.hasChatTemplate ? 'chat' : 'base';
  const formOf = (suite: Suite) => suite.templates.find((template) => template.name === name)!;
  const [ofFile, ofGenerator] = [formOf(fileSuite), formOf(reasoningGym)];
  const inWords = ({ itemId = '' }: SolvableTask) => (isItemName(itemId) ? ofGenerator : ofFile);
  return {
    prompt: (task) => (isInWords(task) ? inWords(task).ask(task) : own.prompt(task)),
    readAnswer: (task, completion) =>
      isInWords(task)
        ? inWords(task).readAnswer(task, completion)
        : own.readAnswer(task, completion),
  };
}
