/** Writes the prompts and completions of a step in packs; the transaction is the caller's. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import type { RolloutRecord } from '../../../protocol/records.ts';
import { floatsToBlob, integersToBlob } from '../packs/numberBlobs.ts';
import { LARGEST_ITEM_BYTES, packNumbers, packTexts } from '../packs/packFormat.ts';
import { storableText } from '../rows/storedRows.ts';

/**
 * Packs are filled up to about this many bytes of text or of tokens. Deflate does not look back any
 * further, and to read one item, all of them have to be inflated.
 */
const PACK_BYTES = 2 ** 15;

export interface PackPlace {
  readonly pack: number;
  readonly place: number;
}

interface Item {
  /** Of the rollout, or of the group whose prompt it is. */
  readonly id: number;
  /** Items of one kind resemble each other, and only they share packs. */
  readonly kind: string;
  readonly text: string;
  readonly tokens: readonly number[];
}

export class PackWriter {
  readonly #rollouts: StatementSync;
  readonly #prompts: StatementSync;

  constructor(database: DatabaseSync) {
    this.#rollouts = database.prepare(
      'INSERT INTO rollout_pack (id, step, completions, tokens, log_probabilities) VALUES (?, ?, ?, ?, ?)',
    );
    this.#prompts = database.prepare(
      'INSERT INTO prompt_pack (id, step, prompts, tokens) VALUES (?, ?, ?, ?)',
    );
  }

  /** Where the completion of each rollout went, by id; too large ones stay out. `bytes`: of all packs. */
  writeCompletions(
    step: number,
    rollouts: readonly RolloutRecord[],
  ): { readonly places: ReadonlyMap<number, PackPlace>; readonly bytes: number } {
    let bytes = 0;
    const items = rollouts.map((rollout) => ({
      ...{ id: rollout.id, kind: kindOf(rollout) },
      ...{ text: storableText(rollout.completion), tokens: rollout.tokens },
      logProbabilities: rollout.logProbabilities,
    }));
    const places = inPacks(items, (id, members) => {
      const blobs = [
        packTexts(members.map(({ text }) => text)),
        packNumbers(members.map(({ tokens }) => integersToBlob(tokens))),
        packNumbers(members.map(({ logProbabilities }) => floatsToBlob(logProbabilities))),
      ] as const;
      this.#rollouts.run(id, step, ...blobs);
      bytes += blobs.reduce((sum, { length }) => sum + length, 0);
    });
    return { places, bytes };
  }

  /** Where each prompt went, by group; `rollouts` has one rollout of each group. */
  writePrompts(step: number, rollouts: readonly RolloutRecord[]): ReadonlyMap<number, PackPlace> {
    const items = rollouts.map((rollout) => ({
      ...{ id: rollout.group, kind: kindOf(rollout) },
      ...{ text: storableText(rollout.prompt), tokens: rollout.promptTokens },
    }));
    return inPacks(items, (id, members) => {
      this.#prompts.run(
        id,
        step,
        packTexts(members.map(({ text }) => text)),
        packNumbers(members.map(({ tokens }) => integersToBlob(tokens))),
      );
    });
  }
}

function kindOf({ role, mode }: RolloutRecord): string {
  return `${role} ${mode}`;
}

/** Deals `items` into packs in their order, hands each pack to `write`, and says where they went. */
function inPacks<Some extends Item>(
  items: readonly Some[],
  write: (id: number, members: readonly Some[]) => void,
): Map<number, PackPlace> {
  const places = new Map<number, PackPlace>();
  for (const members of packsOf(items)) {
    const pack = members[0].id;
    write(pack, members);
    members.forEach(({ id }, place) => places.set(id, { pack, place }));
  }
  return places;
}

function packsOf<Some extends Item>(items: readonly Some[]): [Some, ...Some[]][] {
  const packs: [Some, ...Some[]][] = [];
  const open = new Map<string, { readonly members: [Some, ...Some[]]; bytes: number }>();
  for (const item of items) {
    const bytes = Math.max(Buffer.byteLength(item.text), item.tokens.length * 4);
    if (bytes > LARGEST_ITEM_BYTES) continue;
    const current = open.get(item.kind);
    if (current !== undefined && current.bytes + bytes <= PACK_BYTES) {
      current.members.push(item);
      current.bytes += bytes;
    } else {
      const members: [Some, ...Some[]] = [item];
      open.set(item.kind, { members, bytes });
      packs.push(members);
    }
  }
  return packs;
}
