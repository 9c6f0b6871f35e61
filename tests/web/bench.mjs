// SPDX-License-Identifier: MIT
// The page's budgets: size, generation, and main-thread CPU in headless Chromium of loading, drawing, zooming and
// searching, beside speedscope's page on the same profile when that is installed (tests/golden/speedscope).
//
//     node bench.mjs --prof PROF [--runs N] [--large] [REPORT.html...]
//
// Profiles come from tests/bench/gen_folded.mjs: 10,000 and 100,000 stacks, with --large 1,000,000 too. Reports that
// are named are measured instead. CPU is that of the page's main thread (Performance.getMetrics, thread ticks), so
// that a busy machine matters little; medians of the runs.

import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const HERE = dirname(fileURLToPath(import.meta.url));
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const SPEEDSCOPE = join(HERE, '../golden/speedscope/node_modules/speedscope/dist/release/index.html');
const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: { prof: { type: 'string', default: process.env.PROF || 'build/prof' }, runs: { type: 'string', default: '3' }, large: { type: 'boolean', default: false } },
});
const runs = Number(options.runs);
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

// Budgets by number of stacks; what has none is only printed.
const BUDGETS = {
    100000: { 'size, MB': 1.3, 'generation, CPU s': 2, load: 200, redraw: 33, 'search, next key': 30, 'search, third key': 30 },
    1000000: { load: 1500, redraw: 33 },
};

async function measure(browser, url) {
    const context = await browser.newContext({ viewport: { width: 1366, height: 768 } });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const meter = new Meter(session, page);
    const result = { load: await meter.cost(() => page.goto(url, { waitUntil: 'load' })) };
    if (await page.locator('html[data-ready]').count()) {
        for (const [name, code] of ACTIONS) {
            result[name] = await meter.cost(() => session.send('Runtime.evaluate', { expression: code, awaitPromise: true }));
        }
    }
    await context.close();
    return result;
}

async function medians(browser, url) {
    const results = [];
    for (let i = 0; i < runs; i++) results.push(await measure(browser, url));
    return Object.fromEntries(Object.keys(results[0]).map((name) => [name, median(results.map((r) => r[name]))]));
}

function row(what, value, unit, budget) {
    const verdict = budget === undefined ? '    ' : value <= budget ? 'ok  ' : 'MISS';
    console.log(verdict + ' ' + what.padEnd(47) + ' ' + value.toFixed(value < 10 ? 2 : 0).padStart(9) + ' ' + unit.padEnd(6) + (budget === undefined ? '' : ' <= ' + budget));
}

function printPage(stacks, figures) {
    for (const [name, value] of Object.entries(figures)) row(`${stacks}: ${name}`, value, 'ms CPU', (BUDGETS[stacks] || {})[name]);
}

// A report of so many stacks; prints its size and the CPU that writing it took, reading the input left out.
function makeReport(folder, stacks) {
    const input = join(folder, stacks + '.folded');
    const file = openSync(input, 'w');
    execFileSync('node', [join(HERE, '../bench/gen_folded.mjs'), String(stacks)], { stdio: ['ignore', file, 'inherit'] });
    closeSync(file);
    const output = join(folder, stacks + '.html');
    const cpu = (path) => {
        const done = spawnSync('/bin/sh', ['-c', '"$0" "$@"; times', options.prof, 'report', '-q', input, '-o', path], { encoding: 'utf8' });
        if (done.status !== 0) throw new Error(done.stderr);
        const children = done.stdout.trim().split('\n').pop().split(' ').map((t) => t.match(/(\d+)m([\d.]+)s/)).map((m) => m[1] * 60 + Number(m[2]));
        return children[0] + children[1];
    };
    const seconds = cpu(output);
    row(`${stacks}: size, MB`, statSync(output).size / 1e6, 'MB', (BUDGETS[stacks] || {})['size, MB']);
    row(`${stacks}: reading folded text and writing the page`, seconds, 's CPU', (BUDGETS[stacks] || {})['generation, CPU s']);
    return { output, input };
}

// speedscope's own page takes a profile as a script that calls it, as its command line program does.
function speedscopePage(folder, stacks, input) {
    const text = readFileSync(input);
    const script = join(folder, stacks + '.speedscope.js');
    writeFileSync(script, 'speedscope.loadFileFromBase64(' + JSON.stringify(stacks + '.folded') + ', ' + JSON.stringify(text.toString('base64')) + ')');
    return 'file://' + SPEEDSCOPE + '#localProfilePath=' + script;
}

async function benchStacks(browser, folder, stacks) {
    const { output, input } = makeReport(folder, stacks);
    printPage(stacks, await medians(browser, 'file://' + output));
    if (stacks > 100000 || !existsSync(SPEEDSCOPE)) return;
    const peer = await measure(browser, speedscopePage(folder, stacks, input));
    row(`${stacks}: load of speedscope's page, one run`, peer.load, 'ms CPU');
}

if (!existsSync(CHROMIUM)) {
    console.log(`     skip: no browser at ${CHROMIUM}; set CHROMIUM`);
    process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), 'prof-page-bench-'));
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
try {
    for (const file of positionals) printPage(file, await medians(browser, 'file://' + resolve(file)));
    if (positionals.length === 0) for (const stacks of options.large ? [10000, 100000, 1000000] : [10000, 100000]) await benchStacks(browser, folder, stacks);
} finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
}
