/** The shell of a page: everything in it comes from the extension's own bundles, nothing runs inline. */
export interface PageShell {
  readonly title: string;
  readonly language: string;
  /** What the webview allows its own resources to be loaded from. */
  readonly cspSource: string;
  readonly scriptUri: string;
  readonly styleUri: string;
  readonly nonce: string;
}

export function pageHtml(shell: PageShell): string {
  const { cspSource, nonce } = shell;
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'nonce-${nonce}'`,
    `font-src ${cspSource}`,
    `img-src ${cspSource} data:`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${escaped(shell.language)}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta property="csp-nonce" nonce="${escaped(nonce)}" content="${escaped(nonce)}">
<title>${escaped(shell.title)}</title>
<link rel="stylesheet" href="${escaped(shell.styleUri)}">
</head>
<body>
<script nonce="${escaped(nonce)}" src="${escaped(shell.scriptUri)}"></script>
</body>
</html>`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
