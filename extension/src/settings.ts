/** The extension's settings, read anew at every use so that a change takes effect at once. */
import { ConfigurationTarget, workspace } from 'vscode';

export const NOTIFICATION_LEVELS = ['all', 'problems', 'none'] as const;
export type NotificationLevel = (typeof NOTIFICATION_LEVELS)[number];

export const DASHBOARD_OPENINGS = ['firstTime', 'always', 'never'] as const;
export type DashboardOpening = (typeof DASHBOARD_OPENINGS)[number];

export const SETTINGS_SECTION = 'azr';

export function pythonPath(): string {
  return read('pythonPath', '').trim();
}

/** Takes the setting back wherever it was made. */
export async function forgetPythonPath(): Promise<void> {
  const configuration = workspace.getConfiguration(SETTINGS_SECTION);
  const made = configuration.inspect('pythonPath');
  if (made?.workspaceValue !== undefined) {
    await configuration.update('pythonPath', undefined, ConfigurationTarget.Workspace);
  }
  if (made?.globalValue !== undefined) {
    await configuration.update('pythonPath', undefined, ConfigurationTarget.Global);
  }
}

/** Folder of all runs; empty when each workspace folder keeps its own. */
export function runsFolder(): string {
  return read('runsFolder', '').trim();
}

export function newestStepsFirst(): boolean {
  return read('tree.newestFirst', true);
}

export function setNewestStepsFirst(value: boolean): Thenable<void> {
  return workspace
    .getConfiguration(SETTINGS_SECTION)
    .update('tree.newestFirst', value, ConfigurationTarget.Global);
}

/** How many times *Rerun ×N* runs each input; within what the protocol allows. */
export function rerunTimes(): number {
  return Math.min(100, Math.max(2, Math.round(read('rerunTimes', 10))));
}

export function notificationLevel(): NotificationLevel {
  const level = read<string>('notifications', 'all');
  return NOTIFICATION_LEVELS.find((candidate) => candidate === level) ?? 'all';
}

/** Whether *Start AZR Run* opens the dashboard. */
export function dashboardOpening(): DashboardOpening {
  const opening = read<string>('openDashboardOnStart', 'firstTime');
  return DASHBOARD_OPENINGS.find((candidate) => candidate === opening) ?? 'firstTime';
}

export function muteNotifications(): Thenable<void> {
  return workspace
    .getConfiguration(SETTINGS_SECTION)
    .update('notifications', 'problems', ConfigurationTarget.Global);
}

/** The setting, or `fallback` where the user wrote something of another type into a settings file. */
function read<Value>(name: string, fallback: Value): Value {
  const value = workspace.getConfiguration(SETTINGS_SECTION).get<Value>(name, fallback);
  return typeof value === typeof fallback ? value : fallback;
}
