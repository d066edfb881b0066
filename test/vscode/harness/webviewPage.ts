/** The page inside a webview: VS Code puts it into a frame in a frame. */
import type { FrameLocator, Page } from 'playwright-core';

/** The webview whose document has `selector`; every visible webview is asked. */
export async function webviewWith(
  page: Page,
  selector: string,
  timeoutMs = 30_000,
): Promise<FrameLocator> {
  const outer = page.locator('iframe.webview.ready');
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const count = await outer.count();
    for (let index = 0; index < count; index += 1) {
      const inner = outer.nth(index).contentFrame().frameLocator('iframe#active-frame');
      if ((await inner.locator(selector).count()) > 0) return inner;
    }
    if (performance.now() > deadline) {
      throw new Error(`No webview shows ${selector}; ${String(count)} webviews are ready.`);
    }
    await page.waitForTimeout(100);
  }
}
