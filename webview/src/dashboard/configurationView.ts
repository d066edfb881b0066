/** What is fixed about a run: where it departs from its preset and why, and every setting. */
import type { RunConfiguration } from '../../../server/protocol/runs.ts';
import { element } from '../ui/elements.ts';
import { plainTable } from '../ui/plainTable.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';

export function configurationView(configuration: RunConfiguration): HTMLElement {
  const { settings, departures, sessions, checkpointSteps, modelDigest, branch } = configuration;
  return element(
    'div',
    'configuration',
    ...(branch === undefined
      ? []
      : [
          element(
            'p',
            {},
            `Branched after step ${branch.step} from ${visibleText(branch.parent)}. Earlier steps were done there.`,
          ),
        ]),
    element('h3', {}, `Departures from the preset “${settings.preset}”`),
    departures.length === 0
      ? element('p', {}, 'None: every setting is the preset’s own.')
      : plainTable({
          caption: 'Departures from the preset',
          columns: [
            { title: 'Setting' },
            { title: 'Preset' },
            { title: 'This run' },
            { title: 'What it does' },
          ],
          rows: departures.map(({ setting, preset, value, description }) => [
            setting,
            valueText(preset),
            valueText(value),
            description,
          ]),
        }),
    element('h3', {}, 'All settings'),
    plainTable({
      caption: 'All settings',
      columns: [{ title: 'Setting' }, { title: 'Value' }],
      rows: Object.entries(settings).map(([name, value]) => [name, valueText(value)]),
    }),
    element('h3', {}, 'Sessions'),
    plainTable({
      caption: 'Sessions',
      columns: [
        { title: 'Started' },
        { title: 'Began after step' },
        { title: 'Engine' },
        { title: 'Sandbox' },
      ],
      rows: sessions.map(({ startedAt, afterStep, engine, sandbox }) => [
        startedAt.replace('T', ' ').slice(0, 19),
        afterStep < 0 ? 'start' : String(afterStep),
        `${engine.server} on ${engine.device}, ${visibleText(engine.model)}`,
        `${sandbox.engine}, Python ${sandbox.pythonVersion}`,
      ]),
    }),
    element(
      'p',
      'hint',
      checkpointSteps.length === 0
        ? 'No checkpoint yet.'
        : `Checkpoints after steps ${checkpointSteps.join(', ')}.`,
    ),
    element('p', 'hint', `Model digest ${modelDigest}`),
  );
}

/** A setting's value as a table shows it. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return value === '' ? '(empty)' : visibleText(value);
  if (Array.isArray(value)) return value.length === 0 ? '(none)' : value.map(String).join(', ');
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : JSON.stringify(value);
}
