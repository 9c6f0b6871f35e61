// SPDX-License-Identifier: MIT
// Main-thread CPU of report pages in headless Chromium: load, redraw, zoom, search.
//
//     node page.mjs [--runs N] REPORT.html...
//
// Pages other than ours can be given too: for them only the load is measured. Figures are CPU milliseconds of
// the page's main thread (Performance.getMetrics, thread ticks), so that a busy machine matters little; medians.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';

const args = process.argv.slice(2);
const runs = args[0] === '--runs' ? Number(args.splice(0, 2)[1]) : 3;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

class Meter {
    constructor(session, page) {
        this.session = session;
        this.page = page;
    }

    async task() {
        const { metrics } = await this.session.send('Performance.getMetrics');
        return 1000 * metrics.find((m) => m.name === 'TaskDuration').value;
    }

    // CPU of what act() starts, until the main thread has been quiet for 300 ms.
    async cost(act) {
        const before = await this.task();
        await act();
        let last = await this.task();
        for (let quiet = 0; quiet < 3;) {
            await sleep(100);
            const now = await this.task();
            quiet = now - last < 1 ? quiet + 1 : 0;
            last = now;
        }
        return last - before;
    }
}

const ACTIONS = [
    ['redraw', 'profReport.main.draw()'],
    ['zoom', '{ let n = 0; for (let i = 0; i < 6; i++) n = treeChildren(profReport.main.tree, n)[0] || n; profReport.zoom(n); }'],
    ['zoom out', 'profReport.zoom(0)'],
    ['search, first key', "profReport.set({ query: 'p' })"],
    ['search, next key', "profReport.set({ query: 'pa' })"],
    ['search, third key', "profReport.set({ query: 'par' })"],
    ['search, cleared', "profReport.set({ query: '' })"],
];

async function measure(browser, file) {
    const context = await browser.newContext({ viewport: { width: 1366, height: 768 } });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const meter = new Meter(session, page);
    const result = { load: await meter.cost(() => page.goto('file://' + file, { waitUntil: 'load' })) };
    if (await page.locator('html[data-ready]').count()) {
        for (const [name, code] of ACTIONS) {
            result[name] = await meter.cost(() => session.send('Runtime.evaluate', { expression: code, awaitPromise: true }));
        }
    }
    await context.close();
    return result;
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
for (const file of args) {
    const results = [];
    for (let i = 0; i < runs; i++) results.push(await measure(browser, resolve(file)));
    console.log(file + ', ' + readFileSync(file).length + ' bytes');
    for (const name of Object.keys(results[0])) {
        const values = results.map((r) => r[name]);
        console.log('  ' + name.padEnd(18) + median(values).toFixed(1).padStart(8) + ' ms CPU   (' + values.map((v) => v.toFixed(0)).join(' ') + ')');
    }
}
await browser.close();
