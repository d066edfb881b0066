import type { SandboxDescription } from '../../../protocol/sandbox.ts';
import type { Command, ExitCode } from '../command.ts';
import { EXIT, parseArguments } from '../command.ts';
import { checkMachine, type MachineCheck } from '../../doctor/machineChecks.ts';
import { SETTINGS_OPTIONS, SETTINGS_OPTIONS_HELP, settingsLayers } from '../settingsOptions.ts';
import { STDOUT } from '../terminal/terminal.ts';
import { type Paint, shown, type TerminalText } from '../terminal/terminalText.ts';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Check what a run needs on this machine.',
  help: `azr doctor [--json] [options]

Checks Node, the engine's Python with torch and its device, cores, memory, disk, the sandbox (what
protects this machine from the programs it runs, and what is not promised), whether the model is whole
and can be loaded, and what a run would take of the device's memory: the run that is asked for here, else
that of azr.json in this folder, else one of the embedded model.

  --json                    one object: {"ok": …, "checks": [{"name", "status", "detail", "remedy"?}]}
  --run-file <azr.json>     check for the run of this run file
${SETTINGS_OPTIONS_HELP}

Exit code: 0 when a run can start, 1 when something is missing.`,
  run: examine,
};

async function examine(argumentList: readonly string[]): Promise<ExitCode> {
  const options = {
    ...SETTINGS_OPTIONS,
    'run-file': { type: 'string' },
    json: { type: 'boolean' },
  } as const;
  const { values } = parseArguments('doctor', argumentList, options);
  const layers = await settingsLayers(values['run-file'], values);
  const checks = await checkMachine({ layers });
  const ok = checks.every(({ status }) => status !== 'failed');
  if (values.json === true) {
    STDOUT.json({ ok, checks });
  } else {
    for (const line of checks.flatMap((check) => checkLines(check, STDOUT.paint)))
      STDOUT.line(line);
  }
  return ok ? EXIT.ok : EXIT.failed;
}

const MARKS = { ok: ['green', '✓'], warning: ['yellow', '!'], failed: ['red', '✗'] } as const;

function checkLines(check: MachineCheck, paint: Paint): TerminalText[] {
  const [style, mark] = MARKS[check.status];
  const lines = [shown`${paint(style, mark)} ${check.name.padEnd(8)} ${check.detail}`];
  if (check.remedy !== undefined) lines.push(shown`  ${' '.repeat(8)} → ${check.remedy}`);
  return check.sandbox === undefined ? lines : [...lines, ...sandboxLines(check.sandbox, paint)];
}

function sandboxLines({ rings, notPromised }: SandboxDescription, paint: Paint): TerminalText[] {
  return [
    ...rings.map((ring) => shown`  ${' '.repeat(8)} in force: ${ring}`),
    ...notPromised.map((gap) => paint('dim', `  ${' '.repeat(8)} not promised: ${gap}`)),
  ];
}
