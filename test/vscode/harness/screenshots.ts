/** Pictures of every view, in every kind of theme, for people to look at and for the README. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';

import type { Page } from 'playwright-core';

import { layoutOf } from '../../../scripts/bootstrap/layout.mjs';

const PROJECT = path.resolve(import.meta.dirname, '../../..');

export const THEMES = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  'high-contrast': 'Default High Contrast',
  'high-contrast-light': 'Default High Contrast Light',
} as const;
export type ThemeName = keyof typeof THEMES;

/** Class of the workbench that a theme of this kind sets. */
export const THEME_CLASSES: Readonly<Record<ThemeName, string>> = {
  dark: 'vs-dark',
  light: 'vs',
  'high-contrast': 'hc-black',
  'high-contrast-light': 'hc-light',
};

/** Into a folder that git ignores; those of the README are copies of some. */
export async function takePicture(page: Page, theme: string, name: string): Promise<void> {
  const folder = path.join(layoutOf(PROJECT).tools, 'screenshots', theme);
  mkdirSync(folder, { recursive: true });
  // No pointer and no tooltip in the picture.
  await page.mouse.move(700, 895);
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

/** What was on screen when a test failed, for whoever reads the log. */
export async function pictureFailure(
  page: Page | undefined,
  task: { readonly name: string; readonly result?: { readonly state: string } | undefined },
): Promise<void> {
  if (page === undefined || task.result?.state !== 'fail') return;
  await takePicture(page, 'failed', task.name.replaceAll(/[^a-z0-9]+/gi, '-'));
}
