// SPDX-License-Identifier: MIT
// A page in a real browser: opened so that any error, refused resource or request to anywhere fails the test.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { CHROMIUM } from './page_code.mjs';

export const skip = existsSync(CHROMIUM) ? false : `no browser at ${CHROMIUM}; set CHROMIUM`;

let browser;
before(async () => {
    if (!skip) browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
});
after(async () => browser && browser.close());

// options: hash, allowConsole, ready (what says that the scripts have run), and the browser's own.
export async function open(path, options, check) {
    const { hash = '', allowConsole = false, ready = 'html[data-ready]', ...context } = options;
    const ctx = await browser.newContext({ viewport: { width: 1366, height: 768 }, acceptDownloads: true, ...context });
    const page = await ctx.newPage();
    const trouble = [];
    page.on('pageerror', (error) => trouble.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && !allowConsole && trouble.push(message.text()));
    page.on('request', (request) => !/^(file|blob|data):/.test(request.url()) && trouble.push('request: ' + request.url()));
    page.on('dialog', (dialog) => trouble.push('dialog: ' + dialog.message()) && dialog.dismiss());
    try {
        await page.goto('file://' + path + hash);
        if (context.javaScriptEnabled !== false) await page.waitForSelector(ready, { state: 'attached' });
        await check(page);
        assert.deepEqual(trouble, []);
    } finally {
        await ctx.close();
    }
}

export const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

// Playwright's own waiting evaluates text in the page, which the page's policy rightly refuses.
export async function until(page, condition, argument) {
    for (const end = Date.now() + 10000; Date.now() < end;) {
        if (await page.evaluate(condition, argument)) return;
        await settled(page);
    }
    assert.fail('never came true: ' + condition);
}
