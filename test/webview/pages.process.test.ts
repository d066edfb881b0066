/** Both pages in Chromium, from the built bundles and under VS Code's content security policy. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { constructText } from '../../server/protocol/constructs.ts';
import type { MetricTable, SkillMap } from '../../server/protocol/queries.ts';
import type { RewardStory } from '../../server/protocol/rewardStory.ts';
import type { PageFocus } from '../../server/protocol/webviewMessages.ts';
import { curriculumTrend } from '../../webview/src/dashboard/curriculumTrend.ts';
import { percentText } from '../../webview/src/ui/numberText.ts';
import { launchBrowser } from '../vscode/harness/browser.ts';
import {
  changedOf,
  type HostOptions,
  learningOf,
  readRecording,
  recordedHost,
  requestKey,
  storyOf,
} from './harness/recordedHost.ts';
import { THEMES, type ThemeName } from './harness/themes.ts';
import { violations } from './harness/violations.ts';
import {
  openWebview,
  type WebviewOptions,
  type WebviewUnderTest,
} from './harness/webviewHarness.ts';

const THEME_NAMES = Object.keys(THEMES) as ThemeName[];
const recording = readRecording();
/** Curves that this run measured. */
const COUNT_CHARTS = 13;
const runId = recording.overview.id;
const dashboardFocus: PageFocus = { kind: 'dashboard', runIds: [runId] };
const rewardsFocus = (name: string, stage = 0): PageFocus => ({
  kind: 'rewards',
  runId,
  rolloutId: recording.rollouts[name]!,
  stage,
});

let browser: Browser;
let opened: WebviewUnderTest | undefined;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
});
afterEach(async () => {
  const defects = opened?.defects ?? [];
  await opened?.close();
  opened = undefined;
  expect(defects).toEqual([]);
});

async function open(
  name: WebviewOptions['name'],
  host: HostOptions,
  options: Partial<WebviewOptions> = {},
): Promise<WebviewUnderTest> {
  opened = await openWebview(browser, { name, answer: recordedHost(recording, host), ...options });
  return opened;
}

describe('the dashboard', () => {
  test('draws every curve that was measured and says the latest values', async () => {
    const { page } = await open('dashboard', { focus: dashboardFocus });

    await page
      .locator('.uplot')
      .nth(COUNT_CHARTS - 1)
      .waitFor();
    expect(await page.locator('.uplot').count()).toBe(COUNT_CHARTS);
    // The curve to trust leads, and pass@k stands beside it.
    const titles = await page.locator('.chart h3').allInnerTexts();
    expect(titles.slice(0, 2)).toEqual([
      'Held-out tasks solved (greedy)',
      'Held-out tasks solved in k attempts',
    ]);
    const probe = page.locator('.chart', { hasText: 'Held-out tasks solved (greedy)' });
    const after = `${String(Math.round(recording.overview.heldOutAfter! * 1000) / 10)} %`;
    await expect.poll(() => probe.locator('.legend-button').first().innerText()).toContain(after);
    await expect
      .poll(() => page.locator('[aria-live]').innerText())
      .toContain(`Held-out tasks solved (greedy) at step 40: all held-out tasks ${after}`);
  });

  test('opens a step from the keyboard, in the tree and in the table', async () => {
    const view = await open('dashboard', { focus: dashboardFocus });
    const plot = view.page.getByRole('slider', { name: 'New tasks solved (self-play), by step' });
    await view.page.locator('.uplot').first().waitFor();

    await plot.focus();
    for (let back = 0; back < 20; back += 1) await plot.press('ArrowLeft');
    expect(await plot.getAttribute('aria-valuetext')).toContain('step 20: deduction');
    await plot.press('Enter');

    expect(view.actions('reveal-step')).toEqual([{ kind: 'reveal-step', runId, step: 20 }]);
    const grid = view.page.getByRole('grid');
    await grid.locator('.column-step', { hasText: '20' }).first().waitFor();
    const steps = await grid.locator('.grid-body .column-step').allInnerTexts();
    expect(new Set(steps)).toEqual(new Set(['20']));
  });

  test('a click on a curve opens the step under it, a drag zooms, a double click resets', async () => {
    const view = await open('dashboard', { focus: dashboardFocus });
    const over = view.page.locator('.u-over').first();
    await over.waitFor();
    const box = (await over.boundingBox())!;
    const y = box.y + box.height / 2;

    await view.page.mouse.move(box.x + box.width * 0.25, y);
    await view.page.mouse.down();
    await view.page.mouse.move(box.x + box.width * 0.75, y, { steps: 4 });
    await view.page.mouse.up();
    expect(view.actions('reveal-step')).toEqual([]);
    // The middle of what is shown now is the middle of the whole; its left end is a quarter.
    await view.page.mouse.move(box.x + 2, y);
    await expect.poll(() => view.page.locator('.chart-at').first().innerText()).toBe('step 10');
    await view.page.mouse.dblclick(box.x + 2, y);
    await view.page.mouse.move(box.x + box.width - 2, y);
    await expect.poll(() => view.page.locator('.chart-at').nth(1).innerText()).toBe('step 40');
  });

  test('every picture has a table with the same numbers', async () => {
    const { page } = await open('dashboard', { focus: dashboardFocus });
    await page.getByRole('checkbox', { name: 'As tables' }).click();

    const rows = page
      .getByRole('table', { name: 'Held-out tasks solved (greedy)' })
      .locator('tbody tr');
    await expect.poll(() => rows.count()).toBe(41);
    const first = recording.overview.heldOutBefore!;
    const percent = `${String(Math.round(first * 1000) / 10)} %`;
    expect(await rows.allInnerTexts()).toContainEqual(expect.stringContaining(percent));
    // With the interval that the picture has as a band.
    expect(await rows.last().innerText()).toMatch(/\([\d.]+ % to [\d.]+ %\)/);
  });

  test('a curve that is hidden takes its band along', async () => {
    const { page } = await open('dashboard', { focus: dashboardFocus });
    const chart = page.locator('.chart', { hasText: 'Held-out tasks solved (greedy)' });
    await chart.locator('.uplot').waitFor();
    /** How many pixels are not transparent: the band is by far the largest thing painted. */
    const painted = () =>
      chart.locator('canvas').evaluate((canvas) => {
        const { width, height } = canvas as HTMLCanvasElement;
        const { data } = (canvas as HTMLCanvasElement)
          .getContext('2d')!
          .getImageData(0, 0, width, height);
        return data.filter((value, index) => index % 4 === 3 && value > 0).length;
      });
    await expect.poll(painted).toBeGreaterThan(0);
    const before = await painted();
    await chart.getByRole('button', { name: 'all held-out tasks' }).click();
    await expect.poll(painted).toBeLessThan(before * 0.8);
  });

  test('a smoothed curve leaves the numbers as they were measured, and is remembered', async () => {
    const view = await open('dashboard', { focus: dashboardFocus });
    const solving = view.page.locator('.chart', { hasText: 'New tasks solved (self-play)' });
    await solving.locator('.uplot').waitFor();
    const numbers = await solving.locator('.legend-value').allInnerTexts();
    const picture = () =>
      solving.locator('canvas').evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const measured = await picture();

    const slider = view.page.getByRole('slider', { name: 'Smoothing' });
    await slider.fill('0.9');
    await expect.poll(picture).not.toBe(measured);
    expect(await solving.locator('.legend-value').allInnerTexts()).toEqual(numbers);
    expect(view.actions('remember').at(-1)).toMatchObject({ memory: { smoothing: 0.9 } });
    await slider.fill('0');
    await expect.poll(picture).toBe(measured);
  });

  test('a curve is copied as a table and as a picture', async () => {
    const { page } = await open('dashboard', { focus: dashboardFocus });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const solving = page.locator('.chart', { hasText: 'New tasks solved (self-play)' });
    await solving.locator('.uplot').waitFor();

    await solving.getByRole('button', { name: /CSV/ }).click();
    await solving.getByRole('button', { name: 'Copied' }).waitFor();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    const lines = text.trimEnd().split('\n');
    expect(lines[0]).toBe('step,deduction,abduction,induction');
    const [metrics] = Object.entries(recording.answers).flatMap(([key, answer]) =>
      key.startsWith('azr/metrics ') ? [answer as MetricTable] : [],
    );
    const rates = metrics!.series['solver.deduction.solveRate']!;
    expect(lines.slice(1).map((line) => line.split(',')[1])).toEqual(
      rates.map((rate) => (rate === null ? '' : String(rate))),
    );

    await solving.getByRole('button', { name: /PNG/ }).click();
    const size = async () =>
      page.evaluate(async () => {
        const [item] = await navigator.clipboard.read();
        if (item?.types.includes('image/png') !== true) return undefined;
        const { width, height } = await createImageBitmap(await item.getType('image/png'));
        return width > 200 && height > 150;
      });
    await expect.poll(size).toBe(true);
  });

  test('says in words what the held-out tasks show', async () => {
    const { page } = await open('dashboard', { focus: dashboardFocus });
    const said = page.getByRole('region', { name: 'What was learned' });
    await expect.poll(() => said.innerText()).toContain('Learning');
    expect(await said.innerText()).toMatch(/\d+ tasks gained, \d+ lost, p = [\d.]+/);

    const report = learningOf(recording);
    const learned = [
      { construct: 'call:sorted', tasks: 24, before: 0.08, after: 0.71, pValue: 0.0001 },
    ];
    const other = await open('dashboard', {
      focus: dashboardFocus,
      override: (method) => (method === 'azr/learning' ? { ...report, learned } : undefined),
    });
    const region = other.page.getByRole('region', { name: 'What was learned' });
    await expect.poll(() => region.innerText()).toContain('Learned: sorted() (8 % → 71 %)');
  });

  test('lists the tasks gained and lost, each with its answers before and after', async () => {
    const view = await open('dashboard', { focus: dashboardFocus });
    await view.page.getByRole('tab', { name: 'Learned' }).click();
    const { greedy } = learningOf(recording);
    for (const [change, count] of [
      ['gained', greedy!.gained],
      ['lost', greedy!.lost],
    ] as const) {
      const rows = view.page.getByRole('table', { name: `Tasks ${change}` }).locator('tbody tr');
      await expect.poll(() => rows.count()).toBe(count);
    }
    const row = view.page.getByRole('table', { name: 'Tasks gained' }).locator('tbody tr').first();
    for (const button of await row.getByRole('button').all()) await button.click();
    const [first] = changedOf(recording, 'gained');
    expect(view.actions('open-document')).toEqual(
      [
        `task-${String(first!.taskId)}`,
        `answer-${String(first!.rolloutBefore)}`,
        `answer-${String(first!.rolloutAfter)}`,
      ].map((name) => ({ kind: 'open-document', uri: `azr:/${runId}/${name}.py` })),
    );
    const parts = view.page.getByRole('table', { name: 'Held-out tasks by part' });
    expect(await parts.locator('tbody th').allInnerTexts()).toEqual([
      ...['all', 'deduction', 'abduction', 'induction', 'taught', 'untaught'],
      ...['two combined', 'three combined'],
    ]);
  });

  test('the map of skills is walked by keys, tells its numbers, and has them in a table', async () => {
    const view = await open('dashboard', { focus: dashboardFocus, memory: { tab: 'skills' } });
    const { page } = view;
    const { heldOut } = recording.answers[requestKey('azr/skillMap', { runId })] as SkillMap;
    const fields = page.locator('.skill-grid .skill-cell');
    await fields.first().waitFor();
    expect(await fields.count()).toBe(heldOut.rows.length * heldOut.columns.length);

    await fields.first().focus();
    for (const key of ['ArrowRight', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
    const { construct, cells } = heldOut.rows[2]!;
    const told = `${constructText(construct)}, step ${String(heldOut.columns[1]!.firstStep)}: ${percentText(
      cells[1]!.solved / cells[1]!.tasks,
    )} of ${String(cells[1]!.tasks)} tasks`;
    expect(await page.locator('.skill-readout').innerText()).toBe(told);
    expect(await page.getByRole('gridcell', { name: told }).getAttribute('tabindex')).toBe('0');
    expect(await page.locator('.skill-grid [tabindex="0"]').count()).toBe(1);
    await page.keyboard.press('Enter');
    expect(view.actions('reveal-step')).toEqual([
      { kind: 'reveal-step', runId, step: heldOut.columns[1]!.lastStep },
    ]);
    await page.getByRole('tab', { name: 'Skills' }).click();

    await page.getByRole('combobox', { name: 'Order' }).click();
    await page.getByRole('option', { name: 'Largest rise first' }).click();
    const changes = await page
      .locator('.skill-grid tbody .skill-number:nth-last-child(2)')
      .allInnerTexts();
    const rises = changes.flatMap((text) => {
      const [first, last] = (text.match(/[\d.]+/g) ?? []).map(Number);
      return last === undefined ? [] : [last - first!];
    });
    expect(rises.length).toBeGreaterThan(10);
    expect(rises[0]).toBe(Math.max(...rises));
    expect(rises.at(-1)).toBe(Math.min(...rises));

    await page.getByRole('checkbox', { name: 'As tables' }).click();
    const table = page.getByRole('table', { name: 'Held-out tasks, asked greedily' });
    expect(await table.locator('tbody tr').count()).toBe(heldOut.rows.length);
    await page.getByRole('combobox', { name: 'Tasks' }).click();
    await page.getByRole('option', { name: 'New tasks of self-play' }).click();
    await page.getByRole('table', { name: 'New tasks of self-play' }).waitFor();
  });

  test('says whether new tasks grow harder, by the numbers of the curve', async () => {
    const { page } = await open('dashboard', {
      focus: dashboardFocus,
      memory: { tab: 'curriculum' },
    });
    const [metrics] = Object.entries(recording.answers).flatMap(([key, answer]) =>
      key.startsWith('azr/metrics ') ? [answer as MetricTable] : [],
    );
    const { sentence } = curriculumTrend(metrics!.series['curriculum.startSolveRate']!);
    await page.locator('.curriculum-verdict').waitFor();
    expect(await page.locator('.curriculum-verdict').innerText()).toBe(sentence);
  });

  test('sorting, filtering and searching are asked of the server', async () => {
    const view = await open('dashboard', { focus: dashboardFocus, memory: { tab: 'table' } });
    const { page } = view;
    await page.locator('.grid-body .grid-row').first().waitFor();

    await page.getByRole('button', { name: 'Solved' }).click();
    await expect
      .poll(() => page.locator('.grid-body .column-solveRate').first().innerText())
      .toBe('100 %');
    await page.getByRole('button', { name: 'Solved' }).click();
    await expect
      .poll(() => page.locator('.grid-body .column-solveRate').first().innerText())
      .toBe('0 %');
    await page.getByRole('button', { name: 'No.' }).click();
    await page.getByRole('combobox', { name: 'Outcome' }).click();
    await page.getByRole('option', { name: 'rejected' }).click();
    await expect
      .poll(
        async () =>
          new Set(
            (await page.locator('.grid-body .bad').count()) > 0
              ? await page.locator('.grid-body .good').allInnerTexts()
              : ['none'],
          ),
      )
      .toEqual(new Set());
  });

  test('a row opens as code, and its rewards, from the keyboard', async () => {
    const view = await open('dashboard', { focus: dashboardFocus, memory: { tab: 'table' } });
    const grid = view.page.getByRole('grid');
    await grid.locator('.grid-body .grid-row').first().waitFor();
    await grid.focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'Enter', 'r']) await grid.press(key);

    const id = await grid.locator('.active .column-id').innerText();
    expect(view.actions('open-document')).toEqual([
      { kind: 'open-document', uri: `azr:/${runId}/proposal-${id}.py` },
    ]);
    expect(view.actions('show-rewards')).toHaveLength(1);
  });

  test('a refusal stands where its answer would, with its remedy', async () => {
    const view = await open('dashboard', {
      focus: { kind: 'dashboard', runIds: ['other'] },
      runs: [{ ...recording.overview, id: 'other' }],
    });

    await view.page.getByRole('alert').first().waitFor();
    expect(await view.page.getByRole('alert').first().innerText()).toContain(
      'azr/metrics was not recorded.',
    );
    await view.page.getByRole('button', { name: 'Try again' }).first().waitFor();
  });

  test('without a run it says what will come', async () => {
    const { page } = await open('dashboard', { focus: { kind: 'nothing' }, runs: [] });

    await page.getByText('No run yet').waitFor();
    expect(await page.locator('main').innerText()).toContain('Start AZR Run');
  });

  test('the first update of a run asks only for what is new', async () => {
    const view = await open('dashboard', {
      focus: dashboardFocus,
      override: (method, parameters) =>
        method === 'azr/metrics' && parameters['afterStep'] === 40
          ? { runId, sequence: 999, steps: [41], series: {}, resumedAfter: [] }
          : undefined,
    });
    await view.page.locator('.uplot').first().waitFor();
    const asked = () =>
      view.sent.flatMap((message) =>
        message.kind === 'request' && message.method === 'azr/metrics'
          ? [(message.parameters as { afterStep: number }).afterStep]
          : [],
      );
    await view.post({ kind: 'runs', runs: [recording.overview] });
    await view.post({
      kind: 'runs',
      runs: [{ ...recording.overview, sequence: 999, lastStep: 41, steps: 50 }],
    });

    await expect.poll(asked).toEqual([-1, 40]);
    await expect
      .poll(() => view.page.locator('.chart-at').first().innerText())
      .toBe('latest, step 41');
  });
});

describe('the reward stepper', () => {
  test('is walked from the first stage to the last and to relatives by keys alone', async () => {
    const view = await open(
      'rewards',
      { focus: rewardsFocus('solver') },
      { width: 300, height: 800 },
    );
    const { page } = view;
    const story = storyOf(recording, 'solver');
    const title = page.locator('h2');
    await title.waitFor();
    const titles = [await title.innerText()];
    for (let stage = 1; stage < story.stages.length; stage += 1) {
      await page.keyboard.press('ArrowRight');
      titles.push(await title.innerText());
    }

    expect(titles.at(-1)).toContain(
      `${String(story.stages.length)} of ${String(story.stages.length)}`,
    );
    expect(new Set(titles).size).toBe(story.stages.length);
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('.stepper-told').innerText()).toBe('This is the last stage.');
    await page.keyboard.press('ArrowUp');
    await page.getByText(/proposer · /).waitFor();
    // The same stage of the other story.
    expect(await title.innerText()).toContain('Tokens');
    await page.keyboard.press('Home');
    expect(await title.innerText()).toContain('Prompt');
    await page.keyboard.press('ArrowDown');
    await page.getByText(/solver · /).waitFor();
    expect(view.actions('show-rewards')).toEqual([
      { kind: 'show-rewards', runId, rolloutId: recording.rollouts['proposer'] },
      { kind: 'show-rewards', runId, rolloutId: recording.rollouts['attempt'] },
    ]);
  });

  test('shows the stored numbers of every formula', async () => {
    const { page, post } = await open('rewards', { focus: rewardsFocus('proposer') });
    const { stages } = storyOf(recording, 'proposer');
    await page.locator('h2').waitFor();
    let formulas = 0;
    for (const [stage, { formula, summary }] of stages.entries()) {
      await post({ kind: 'focus', focus: rewardsFocus('proposer', stage) });
      await expect.poll(() => page.locator('.stage-summary').innerText()).toBe(summary);
      if (formula === undefined) continue;
      formulas += 1;
      const shown = await page.locator('.formula-lines').innerText();
      expect(shown).toContain(formula.symbols);
      expect(shown).toContain(formula.numbers);
    }
    expect(formulas).toBeGreaterThan(3);
  });

  test('commands of the palette move it too', async () => {
    const { page, post } = await open('rewards', { focus: rewardsFocus('solver') });
    await page.locator('h2').waitFor();

    await post({ kind: 'move', move: 'last' });
    await expect.poll(() => page.locator('h2').innerText()).toContain('Tokens');
    await post({ kind: 'move', move: 'previous' });
    await expect.poll(() => page.locator('h2').innerText()).toContain('Advantage');
  });

  test('tokens tell their numbers on focus, and can be coloured by probability', async () => {
    const story = storyOf(recording, 'solver');
    const view = await open('rewards', { focus: rewardsFocus('solver', story.stages.length - 1) });
    const { page } = view;
    const first = page.locator('.tokens .token').first();
    await first.waitFor();
    await first.focus();

    expect(await page.locator('.readout').innerText()).toMatch(/probability [\d.]+ %, pushed up/);
    await page.keyboard.press('ArrowRight');
    expect(
      await page
        .locator('.tokens .token')
        .nth(1)
        .evaluate((token) => token === document.activeElement),
    ).toBe(true);
    await page.getByRole('checkbox', { name: 'Colour by probability' }).click();
    await page.locator('.tokens [class*="surprise-"]').first().waitFor();
  });

  test('says how to get here when nothing is chosen', async () => {
    const { page } = await open('rewards', { focus: { kind: 'nothing' } });

    await page.getByText('No reward chosen yet').waitFor();
    expect(await page.locator('main').innerText()).toContain('Show Rewards');
  });

  test('shows hostile text as text', async () => {
    const markup = '<img src=x onerror="window.azrHacked=1"><script>window.azrHacked=1</script>';
    const hostile = `${markup}\u0000\u202e\u200b${'x'.repeat(1_000_000)}`;
    const solver = storyOf(recording, 'solver');
    const story: RewardStory = {
      ...solver,
      title: hostile.slice(0, 200),
      stages: [
        { kind: 'prompt', summary: markup, prompt: hostile, tokenCount: 3 },
        {
          kind: 'completion',
          summary: hostile.slice(0, 500),
          completion: hostile,
          parts: [{ start: 0, end: 40, part: 'program' }],
          tokenCount: 3,
          stopReason: 'length',
        },
        { kind: 'parse', summary: markup, parsed: true, fields: [{ name: markup, text: hostile }] },
        {
          kind: 'tokens',
          summary: markup,
          tokens: [{ text: hostile, probability: 0.5, push: -0.5 }],
        },
      ],
    };
    const { page } = await open('rewards', {
      focus: rewardsFocus('solver'),
      override: (method) => (method === 'azr/rewardStory' ? story : undefined),
    });
    await page.locator('h2').waitFor();
    for (const { summary } of story.stages) {
      expect(summary).not.toBe('');
      const text = await page.locator('main').innerText();
      expect(text).toContain('<img src=x onerror=');
      // Neither a control character nor an override is left in what is shown.
      // eslint-disable-next-line no-control-regex -- this is what must not be there
      expect(text).not.toMatch(/[\u0000\u202e\u200b]/);
      expect(await page.locator('main :is(img, script)').count()).toBe(0);
      await page.keyboard.press('ArrowRight');
    }
    expect(await page.evaluate(() => 'azrHacked' in window)).toBe(false);
  });
});

describe.each(THEME_NAMES)('in the theme %s', (theme) => {
  test('no part of the dashboard has an accessibility violation', async () => {
    const { page } = await open('dashboard', { focus: dashboardFocus }, { theme });
    const found: string[] = [];
    const parts = {
      Curves: '.uplot',
      Learned: '.changed-lists td',
      Skills: '.skill-grid .skill-cell',
      Curriculum: '.heat-cell',
      'Proposals and Rollouts': '.grid-body .grid-row',
      Configuration: '.configuration td',
    };
    for (const [tab, ready] of Object.entries(parts)) {
      await page.getByRole('tab', { name: tab }).click();
      await page.locator(ready).first().waitFor();
      found.push(...(await violations(page)));
    }

    expect(found).toEqual([]);
  });

  test('no stage of a reward has an accessibility violation', async () => {
    const { page } = await open(
      'rewards',
      { focus: rewardsFocus('solver') },
      { theme, width: 320 },
    );
    await page.locator('h2').waitFor();
    const found: string[] = [];
    for (const { kind } of storyOf(recording, 'solver').stages) {
      found.push(...(await violations(page)).map((violation) => `${kind}: ${violation}`));
      await page.keyboard.press('ArrowRight');
    }

    expect(found).toEqual([]);
  });
});
