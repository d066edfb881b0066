/** The map of skills: which constructs the model can handle, over the run. */
import type { SkillMap, SkillSource, SkillTable } from '../../../server/protocol/queries.ts';
import { element, fill } from '../ui/elements.ts';
import { countText } from '../ui/numberText.ts';
import { dropdown } from '../ui/toolkit.ts';
import { focusPlace, type GridPlace, LEVELS, skillGrid, skillTableOf } from './skillGrid.ts';
import { FEW_TASKS, gainSentence, skillRows, type SkillSort } from './skillRows.ts';

const SOURCES = {
  'held-out': {
    label: 'Held-out tasks, asked greedily',
    explanation:
      'Held-out tasks whose program contains the construct: how many the model solves when it always takes its most likely token. It is never trained on them.',
    empty:
      'No held-out task was asked yet. They are asked before the first step and then every few steps (setting probeEverySteps), if the run has any (setting probe).',
  },
  'self-play': {
    label: 'New tasks of self-play',
    explanation:
      'New tasks whose program contains the construct: their mean solve rate. The proposer keeps changing the tasks, so a flat row does not mean no progress.',
    empty: 'Tasks get a solve rate when the solver first attempts them, with step 1.',
  },
} as const satisfies Record<SkillSource, object>;

/** What the colours mean. */
function scale(): HTMLElement {
  const fields = Array.from({ length: LEVELS + 1 }, (_, level) =>
    element('span', `skill-cell heat-${String(level)}`),
  );
  return element(
    'div',
    {
      className: 'skill-scale',
      attributes: { role: 'img', 'aria-label': 'Colours: pale is 0 %, strong is 100 %' },
    },
    element('span', {}, '0 %'),
    ...fields,
    element('span', {}, '100 % solved'),
  );
}

export class SkillMapView {
  readonly root = element('section', {
    className: 'skill-map',
    attributes: { 'aria-label': 'Skills' },
  });
  readonly #bar = element('div', 'bar');
  readonly #content = element('div', 'skill-content');
  readonly #readout = element('p', 'skill-readout');
  readonly #onStep: (step: number) => void;
  #map: SkillMap | undefined;
  #drawn = '';
  #source: SkillSource | undefined;
  #sort: SkillSort = 'tasks';
  #asTable = false;
  #place: GridPlace | undefined;

  constructor(onStep: (step: number) => void) {
    this.#onStep = onStep;
    fill(this.root, this.#bar, this.#content);
  }

  setData(map: SkillMap): void {
    const text = JSON.stringify(map);
    if (text === this.#drawn) return;
    this.#drawn = text;
    this.#map = map;
    this.#draw();
  }

  setTable(asTable: boolean): void {
    this.#asTable = asTable;
    this.#draw();
  }

  summary(): string {
    const shown = this.#map && this.#shown(this.#map);
    return shown === undefined ? '' : (gainSentence(skillRows(shown.table, 'gain')) ?? '');
  }

  #shown(map: SkillMap): { readonly source: SkillSource; readonly table: SkillTable } {
    const hasHeldOut = map.heldOut.columns.length > 0;
    const source = this.#source ?? (hasHeldOut ? 'held-out' : 'self-play');
    return { source, table: source === 'held-out' ? map.heldOut : map.selfPlay };
  }

  #draw(): void {
    const map = this.#map;
    if (map === undefined) return;
    const { source, table } = this.#shown(map);
    if (this.#bar.childElementCount === 0) this.#drawBar(source);
    const { explanation, empty, label } = SOURCES[source];
    if (table.rows.length === 0) {
      fill(this.#content, element('p', 'chart-empty', empty));
      return;
    }
    const rows = skillRows(table, this.#sort);
    const hadFocus = this.#content.contains(document.activeElement);
    const picture = this.#asTable
      ? skillTableOf(table.columns, rows, label)
      : skillGrid(table.columns, rows, label, {
          onPlace: (place, text) => {
            this.#place = place;
            this.#readout.textContent = text;
          },
          onStep: this.#onStep,
        });
    fill(
      this.#content,
      element('p', 'skill-headline', gainSentence(rows) ?? ''),
      element(
        'p',
        'hint',
        `${explanation} Rates of fewer than ${String(FEW_TASKS)} tasks are pale.`,
      ),
      !this.#asTable && scale(),
      element('div', 'skill-frame', picture),
      !this.#asTable && this.#readout,
      table.rowsLeft > 0 &&
        element('p', 'hint', `${countText(table.rowsLeft, 'rarer construct')} not shown.`),
    );
    if (hadFocus && !this.#asTable && this.#place !== undefined) {
      focusPlace(picture, rows, this.#place);
    }
  }

  #drawBar(source: SkillSource): void {
    fill(
      this.#bar,
      dropdown({
        label: 'Tasks',
        choices: Object.entries(SOURCES).map(([value, { label }]) => ({ value, label })),
        selected: source,
        onChoose: (value) => {
          this.#source = value === 'held-out' ? 'held-out' : 'self-play';
          this.#draw();
        },
      }),
      dropdown({
        label: 'Order',
        choices: [
          { value: 'tasks', label: 'Most tasks first' },
          { value: 'gain', label: 'Largest rise first' },
        ],
        selected: this.#sort,
        onChoose: (value) => {
          this.#sort = value === 'gain' ? 'gain' : 'tasks';
          this.#draw();
        },
      }),
    );
  }
}
