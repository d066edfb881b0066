import type { RunSettings } from '../../../protocol/settings.ts';
import type { DialectName } from '../../../protocol/vocabulary.ts';
import { compactDialect } from './compactDialect.ts';
import type { Dialect } from './dialect.ts';
import { instructionDialect } from './instructionDialect.ts';

/** What a model's folder or tokenizer says about how to talk to it. */
export interface ModelDialectFacts {
  /** The dialect its azr-model.json names, if any. */
  readonly dialect?: Dialect['name'];
  readonly hasChatTemplate: boolean;
}

/** The dialect the settings ask for; `auto` takes the model's own, then `chat`, then `r1`. */
export function dialectFor(
  settings: Pick<RunSettings, 'dialect' | 'bannedWords' | 'allowedImports'>,
  facts: ModelDialectFacts,
): Dialect {
  const automatic = facts.dialect ?? (facts.hasChatTemplate ? 'chat' : 'r1');
  return dialectNamed(settings.dialect === 'auto' ? automatic : settings.dialect, settings);
}

export function dialectNamed(
  name: DialectName,
  settings: Pick<RunSettings, 'bannedWords' | 'allowedImports'>,
): Dialect {
  return name === 'compact'
    ? compactDialect
    : instructionDialect({
        name,
        bannedWords: settings.bannedWords,
        allowedImports: settings.allowedImports,
      });
}
