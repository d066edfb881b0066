/**
 * Colours for what is painted on a canvas, which knows no `var()`. They come from the theme alone
 * and are read anew when the theme changes.
 */
export const CHART_COLOURS = ['blue', 'yellow', 'green', 'purple', 'red', 'orange'] as const;
export type ChartColour = (typeof CHART_COLOURS)[number];

export function colourToken(colour: ChartColour): string {
  return `--vscode-charts-${colour}`;
}

/** The colour behind a token, else behind the one that follows, else the text's own. */
export function themeColour(...tokens: readonly string[]): string {
  const style = getComputedStyle(document.body);
  for (const token of tokens) {
    const value = style.getPropertyValue(token).trim();
    if (value !== '' && value !== 'transparent') return value;
  }
  return style.color;
}

/** Calls back when VS Code changed the theme of the page: it sets classes on the body and variables on the root. */
export function onThemeChange(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.body, {
    attributes: true,
    attributeFilter: ['class', 'data-vscode-theme-id'],
  });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
  return () => {
    observer.disconnect();
  };
}
