// SPDX-License-Identifier: MIT
// The report in a real browser: every view, keyboard, phone, print, hostile names, the content policy.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { open, settled, skip, until } from './browser.mjs';
import { makeReport, perfScript } from './page_code.mjs';

const STACKS = ['main;fib;fib;fib 40', 'main;parse;read_line 25', 'main;parse;alloc 5', 'main;serve;read_line 20', 'main;serve;do_syscall_[k] 10'].join('\n') + '\n';
const TIMED = Array.from({ length: 200 }, (_, i) => [5 + i / 100, 7, i % 4 === 0 ? 8 : 7, ['main', i < 100 ? 'early' : 'late']]);

const chosen = (page) => page.evaluate(() => rowName(profReport.model.names, profReport.main.tree.row[profReport.focused]));
// Middle of the heaviest frame of a function, in the page's pixels.
const placeOf = (page, name) => page.evaluate((wanted) => {
    const view = profReport.main;
    const { tree } = view;
    let best = -1;
    for (let i = 1; i < tree.n; i++) {
        if (rowName(profReport.model.names, tree.row[i]) === wanted && (best < 0 || tree.total[i] > tree.total[best])) best = i;
    }
    const box = view.canvas.getBoundingClientRect();
    const middle = (tree.x[best] + tree.total[best] / 2 - view.window.from) / (view.window.to - view.window.from);
    return { x: box.left + middle * view.width, y: box.top + view.rowTop(tree.depth[best]) + view.rowHeight / 2 - view.element.scrollTop };
}, name);

test('the first words are the answer', { skip }, async () => {
    await open(makeReport('first', '.folded', STACKS), {}, async (page) => {
        assert.match(await page.textContent('#verdict'), /^45(\.0)? % of samples is in read_line/);
        assert.match(await page.textContent('#facts'), /100 samples/);
        assert.equal(await page.isVisible('#static'), false);
    });
});

test('the graph is painted in the colours of the kinds', { skip }, async () => {
    await open(makeReport('paint', '.folded', STACKS), {}, async (page) => {
        await settled(page);
        const colours = await page.evaluate(() => {
            const view = profReport.main;
            const pixels = new Uint32Array(view.context.getImageData(0, 0, view.pixelWidth, view.pixelHeight).data.buffer);
            return new Set(pixels).size;
        });
        assert.ok(colours > 10, `${colours} colours`);
    });
});

test('a click chooses, a double click zooms, the breadcrumb leads back', { skip }, async () => {
    await open(makeReport('zoom', '.folded', STACKS), {}, async (page) => {
        const at = await placeOf(page, 'parse');
        await page.mouse.click(at.x, at.y);
        assert.equal(await chosen(page), 'parse');
        assert.match(await page.textContent('.frame .figures'), /this frame30(\.0)? %/);
        await page.mouse.dblclick(at.x, at.y);
        assert.equal(await page.evaluate(() => profReport.main.window.to - profReport.main.window.from), 30);
        assert.deepEqual(await page.locator('#crumbs button').allTextContents(), ['all', 'main', 'parse']);
        await page.click('#crumbs button >> nth=0');
        assert.equal(await page.evaluate(() => profReport.main.window.to - profReport.main.window.from), 100);
    });
});

test('recursion is one frame with its depth, and unfolds', { skip }, async () => {
    await open(makeReport('recursion', '.folded', STACKS), {}, async (page) => {
        assert.equal(await page.evaluate(() => profReport.main.labelOf(profReport.heaviestOf(profReport.model.names.rowFunc[profReport.main.tree.row[2]]), 200)), 'fib ×3');
        const before = await page.evaluate(() => profReport.main.tree.n);
        await page.keyboard.press('x');
        await until(page, (n) => profReport.main.tree.n === n + 2, before);
    });
});

test('search says the share, walks the matches and can show them alone', { skip }, async () => {
    await open(makeReport('search-page', '.folded', STACKS), {}, async (page) => {
        await page.keyboard.press('/');
        await page.keyboard.type('READ'.toLowerCase());
        await page.waitForSelector('.search output:has-text("45")');
        assert.match(await page.textContent('.search output'), /^45(\.0)? % in 2 places/);
        await page.keyboard.press('Enter');
        assert.equal(await chosen(page), 'read_line');
        assert.match(await page.textContent('.search output'), /match 1 of 2/);
        await page.keyboard.press('Enter');
        assert.match(await page.textContent('.search output'), /match 2 of 2/);
        await page.click('.search button:has-text("Only")');
        await until(page, () => profReport.main.tree.total[0] === 45);
        await page.fill('#search', '/rea(/');
        await page.waitForSelector('.search output.error');
        assert.equal(await page.getAttribute('#search', 'aria-invalid'), 'true');
    });
});

test('inverted, sandwich, orders and the root below', { skip }, async () => {
    await open(makeReport('views', '.folded', STACKS), {}, async (page) => {
        const roots = () => page.evaluate(() => treeChildren(profReport.main.tree, 0).map((i) => rowName(profReport.model.names, profReport.main.tree.row[i])));
        await page.keyboard.press('2');
        await page.waitForSelector('#bar button[data-value="inverted"][aria-pressed="true"]');
        assert.equal((await roots())[0], 'read_line');
        await page.keyboard.press('1');
        const at = await placeOf(page, 'parse');
        await page.mouse.click(at.x, at.y);
        await page.keyboard.press('s');
        await page.waitForSelector('.flame.upper:visible');
        assert.equal(await page.evaluate(() => profReport.main.tree.total[0]), 30);
        assert.deepEqual(await page.evaluate(() => treeChildren(profReport.upper.tree, 0).map((i) => rowName(profReport.model.names, profReport.upper.tree.row[i]))), ['main']);
        await page.keyboard.press('0');
        await page.click('#bar button[data-value="name"]');
        assert.deepEqual(await page.evaluate(() => treeChildren(profReport.main.tree, 1).map((i) => rowName(profReport.model.names, profReport.main.tree.row[i]))), ['fib', 'parse', 'serve']);
        await page.keyboard.press('r');
        await until(page, () => profReport.main.upward === true);
        const root = await page.evaluate(() => profReport.main.rowTop(0));
        assert.ok(root > await page.evaluate(() => profReport.main.rowTop(1)));
    });
});

test('the table drives the graph and sorts', { skip }, async () => {
    await open(makeReport('table', '.folded', STACKS), {}, async (page) => {
        await page.click('#functions tbody tr:has-text("serve")');
        assert.equal(await chosen(page), 'serve');
        assert.equal(await page.getAttribute('#functions tr:has-text("serve")', 'aria-selected'), 'true');
        assert.equal(await page.getAttribute('#functions th.self', 'aria-sort'), 'descending');
        await page.click('#functions th.total button');
        await page.waitForSelector('#functions th.total[aria-sort="descending"]');
        assert.match(await page.textContent('#functions tbody tr >> nth=0'), /main/);
        await page.click('#functions th.name button');
        await page.waitForSelector('#functions th.name[aria-sort="ascending"]');
        assert.match(await page.textContent('#functions tbody tr >> nth=0'), /alloc/);
    });
});

test('a kind can be merged into its callers, and hidden', { skip }, async () => {
    await open(makeReport('legend', '.folded', STACKS), {}, async (page) => {
        const kernel = '#legend [data-kind="kernel"]';
        await page.click(kernel);
        await page.waitForSelector(kernel + '.merged');
        assert.equal(await page.evaluate(() => profReport.main.tree.total[0]), 100);
        await page.click(kernel);
        await page.waitForSelector(kernel + '.hidden');
        assert.equal(await page.evaluate(() => profReport.main.tree.total[0]), 90);
        await page.click('#legend .reset');
        await page.waitForSelector(kernel + ':not(.hidden)');
    });
});

test('an interval on the time strip filters graph and table, a thread too', { skip }, async () => {
    await open(makeReport('strip', '.perf', perfScript(TIMED)), {}, async (page) => {
        const box = await page.locator('#strip .area').boundingBox();
        await page.mouse.move(box.x + 1, box.y + 5);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width * 0.45, box.y + 5, { steps: 3 });
        await page.mouse.up();
        await until(page, () => profReport.main.tree.total[0] < 100e6);
        const functions = await page.textContent('#functions tbody');
        assert.ok(functions.includes('early') && !functions.includes('late'));
        await page.click('#strip .interval button');
        await until(page, () => profReport.main.tree.total[0] === 200e6);
        await page.click('#strip .lane >> nth=1');
        await until(page, () => profReport.main.tree.total[0] === 50e6);
        await page.click('#bar button[data-value="time"]');
        await page.waitForSelector('#bar button[data-value="time"][aria-pressed="true"]');
        assert.equal(await page.evaluate(() => profReport.main.tree.total[0]), 50e6);
    });
});

test('what a profile does not have has no control', { skip }, async () => {
    await open(makeReport('bare', '.folded', 'a;b 1\n'), {}, async (page) => {
        assert.equal(await page.locator('#strip').count(), 0);
        assert.equal(await page.locator('#bar button[data-value="time"]').count(), 0);
        assert.equal(await page.locator('#bar select').count(), 0);
        assert.equal(await page.locator('#bar button:has-text("×n")').count(), 0);
    });
});

test('the keyboard reaches every frame, and a tree for screen readers follows', { skip }, async () => {
    await open(makeReport('keys', '.folded', STACKS), {}, async (page) => {
        const steps = [['ArrowDown', 'main'], ['ArrowDown', 'fib'], ['ArrowRight', 'parse'], ['ArrowRight', 'serve'], ['ArrowLeft', 'parse'], ['ArrowDown', 'read_line'], ['ArrowUp', 'parse']];
        for (const [key, name] of steps) {
            await page.keyboard.press(key);
            assert.equal(await chosen(page), name, key);
        }
        assert.match(await page.textContent('#live'), /^parse, 30(\.0)? % total, 0 % self, 2 of 3$/);
        const own = page.locator('[role="treeitem"][aria-selected="true"]');
        assert.match(await own.getAttribute('aria-label'), /^parse/);
        assert.equal(await own.locator('[role="treeitem"]').count(), 2);
        await page.keyboard.press('Enter');
        assert.equal(await page.evaluate(() => profReport.main.window.to - profReport.main.window.from), 30);
        await page.keyboard.press('Escape');
        assert.equal(await page.evaluate(() => profReport.main.window.to - profReport.main.window.from), 100);
        await page.keyboard.press('?');
        assert.ok(await page.isVisible('dialog#help'));
    });
});

test('the address keeps the view through a reload', { skip }, async () => {
    const path = makeReport('hash', '.folded', STACKS);
    await open(path, {}, async (page) => {
        await page.evaluate(() => profReport.set({ view: 'inverted', query: 'read' }));
        await until(page, () => location.hash.includes('inverted'));
        await page.reload();
        await page.waitForSelector('html[data-ready]', { state: 'attached' });
        assert.equal(await page.inputValue('#search'), 'read');
        assert.equal(await page.getAttribute('#bar button[data-value="inverted"]', 'aria-pressed'), 'true');
    });
});

test('dark and light follow the system and the switch', { skip }, async () => {
    const path = makeReport('theme', '.folded', STACKS);
    const ground = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await open(path, { colorScheme: 'dark' }, async (page) => {
        assert.equal(await ground(page), 'rgb(15, 18, 22)');
        await page.keyboard.press('d');
        await page.waitForSelector('html[data-theme="light"]');
        assert.equal(await ground(page), 'rgb(255, 255, 255)');
    });
});

test('the view is saved as SVG and as folded stacks', { skip }, async () => {
    await open(makeReport('export', '.folded', STACKS), {}, async (page) => {
        const save = async (kind) => {
            const waiting = page.waitForEvent('download');
            await page.evaluate((k) => profReport.exportAs(k), kind);
            return readFileSync(await (await waiting).path(), 'utf8');
        };
        assert.equal((await save('folded')).split('\n').sort().join('\n').trim(), STACKS.replace('main;fib;fib;fib', 'main;fib').split('\n').sort().join('\n').trim());
        const svg = await save('svg');
        const parsed = await page.evaluate((text) => new DOMParser().parseFromString(text, 'image/svg+xml').querySelectorAll('rect').length, svg);
        assert.equal(parsed, 9 + 1, 'a ground and a box for each frame');
    });
});

test('the chosen stack can be copied', { skip }, async () => {
    await open(makeReport('copy', '.folded', STACKS), { permissions: [] }, async (page) => {
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new Error('refused')) } }));
        await page.keyboard.press('c');
        await page.waitForSelector('dialog.copy textarea');
        assert.equal(await page.inputValue('dialog.copy textarea'), 'fib\nmain');
    });
});

const HOSTILE = ['</script><img src=x onerror=alert(1)>', '<!--<script>alert(2)', '"\'><svg/onload=alert(3)>', 'a\u202Egnp.exe', 'tab\u0007bell', 'x'.repeat(1 << 20),
    '${alert(4)}', 'javascript:alert(5)', 'ls\u2028ps\u2029', '&lt;b&gt;', '__proto__', 'constructor'];

test('hostile names are shown as text', { skip }, async () => {
    const text = HOSTILE.map((name, i) => 'main;' + name.replace(/;/g, '') + ' ' + (i + 1)).join('\n') + '\nmain;bad\xff 3\n';
    await open(makeReport('hostile', '.folded', Buffer.from(text, 'utf8')), {}, async (page) => {
        assert.equal(await page.locator('img').count(), 0);
        assert.equal(await page.locator('svg[onload], [onerror]').count(), 0);
        const names = await page.evaluate(() => [...Array(profReport.model.names.funcs).keys()].map((f) => funcName(profReport.model.names, f)));
        assert.ok(names.includes(HOSTILE[0]) && names.includes('__proto__'));
        assert.ok(names.includes('a\\u{202e}gnp.exe') && names.includes('tab\\x07bell'));
        assert.ok(names.every((name) => name.length < 5000 && !/[\u0000-\u001f\u202e\u2028]/.test(name)));
        for (const view of ['inverted', 'sandwich', 'graph']) await page.evaluate((v) => profReport.set({ view: v, func: 1, tab: 'frame', query: '<' }), view);
        await page.hover('#graph canvas >> nth=1');
        assert.ok((await page.content()).length < 2e6);
    });
});

test('the policy stops scripts, styles and requests that are not ours', { skip }, async () => {
    const path = makeReport('policy', '.folded', STACKS);
    const html = readFileSync(path, 'utf8').replace('</header>', '</header><script>window.broken = 1</script><p id="p" style="color: red">x</p><style>#p { color: red }</style>');
    assert.ok(html.includes('window.broken'));
    const changed = path.replace('.html', '-changed.html');
    writeFileSync(changed, html);
    await open(changed, { allowConsole: true }, async (page) => {
        assert.equal(await page.evaluate(() => window.broken), undefined);
        assert.notEqual(await page.evaluate(() => getComputedStyle(document.getElementById('p')).color), 'rgb(255, 0, 0)');
        assert.equal(await page.evaluate(() => fetch('https://example.invalid/').then(() => 'went', () => 'refused')), 'refused');
        await page.evaluate(() => setTimeout('window.broken = 2'));
        await settled(page);
        assert.equal(await page.evaluate(() => window.broken), undefined);
    });
});

test('without scripts there is a report too', { skip }, async () => {
    await open(makeReport('plain', '.folded', STACKS), { javaScriptEnabled: false }, async (page) => {
        assert.ok(await page.isVisible('#static table'));
        assert.ok(await page.isVisible('#static svg'));
        assert.match(await page.textContent('#static tbody tr >> nth=0'), /read_line/);
        assert.equal(await page.locator('#static svg text').count(), 9);
    });
});

const EMPTY = JSON.stringify({
    nodes: [{ id: 1, callFrame: { functionName: '(root)', scriptId: '0', url: '', lineNumber: -1, columnNumber: -1 }, hitCount: 0 }],
    startTime: 1, endTime: 2, samples: [1], timeDeltas: [0],
});

test('an empty profile says what happened and what to do', { skip }, async () => {
    await open(makeReport('empty', '.cpuprofile', EMPTY),
        { javaScriptEnabled: false }, async (page) => {
            assert.match(await page.textContent('#verdict'), /No samples/);
            assert.ok(await page.isVisible('#notes li >> nth=0'));
            assert.match(await page.textContent('#notes'), /prof flame -F/);
        });
});

test('on paper there are the answer, the picture and the table', { skip }, async () => {
    await open(makeReport('print', '.folded', STACKS), {}, async (page) => {
        await page.emulateMedia({ media: 'print' });
        assert.ok(await page.isVisible('#static svg'));
        assert.ok(await page.isVisible('#static table'));
        assert.equal(await page.isVisible('#app'), false);
    });
});

test('a phone shows the graph, and the table in a sheet of its own', { skip }, async () => {
    await open(makeReport('phone', '.perf', perfScript(TIMED)), { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 3 }, async (page) => {
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the screen');
        const small = await page.evaluate(() => [...document.querySelectorAll('#bar button, .tabs button')].filter((b) => b.offsetHeight > 0 && b.offsetHeight < 44).map((b) => b.textContent));
        assert.deepEqual(small, []);
        const at = await placeOf(page, 'early');
        await page.touchscreen.tap(at.x, at.y);
        assert.equal(await chosen(page), 'early');
        await page.touchscreen.tap(at.x, at.y);
        await until(page, () => profReport.zoomNode > 0);
        await page.click('#tab-functions');
        assert.ok(await page.isVisible('#functions'));
        assert.equal(await page.isVisible('#graph'), false);
        await page.click('#tab-graph');
        assert.ok(await page.isVisible('#graph'));
    });
});

test('two fingers zoom', { skip }, async () => {
    await open(makeReport('pinch', '.folded', STACKS), { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }, async (page) => {
        const session = await page.context().newCDPSession(page);
        const box = await page.locator('#graph .flame:not(.upper) canvas').boundingBox();
        const fingers = (type, ...xs) => session.send('Input.dispatchTouchEvent', { type, touchPoints: xs.map((x, id) => ({ x: box.x + box.width * x, y: box.y + 40, id })) });
        await fingers('touchStart', 0.4, 0.6);
        for (const wide of [0.05, 0.1, 0.15, 0.2]) await fingers('touchMove', 0.4 - wide, 0.6 + wide);
        await fingers('touchEnd');
        const shown = await page.evaluate(() => profReport.main.window.to - profReport.main.window.from);
        assert.ok(shown > 20 && shown < 60, `${shown} of 100 shown`);
    });
});

test('a stack of 30,000 frames opens, scrolls and is found', { skip }, async () => {
    const deep = Array.from({ length: 30000 }, (_, i) => 'f' + (i % 7)).join(';');
    await open(makeReport('deep', '.folded', deep + ' 1\nf0;other 1\n'), {}, async (page) => {
        assert.equal(await page.evaluate(() => profReport.main.tree.maxDepth), 30000);
        await page.evaluate(() => (profReport.main.element.scrollTop = 1e9));
        await settled(page);
        assert.ok(await page.evaluate(() => profReport.main.canvas.height < 3000));
        await page.evaluate(() => profReport.set({ query: 'other' }));
        assert.match(await page.textContent('.search output'), /^50(\.0)? % in 1 place/);
    });
});

const PROCESSES = [['gzip', 7], ['sort', 8]].map(([program, pid], i) => perfScript(Array.from({ length: 30 - 10 * i }, (_, k) =>
    [5 + k / 50, pid, pid, ['main', 'work_' + program]])).replaceAll('prog ', program + ' ')).join('\n');

test('of several processes the graph says which the time is in, and joins them when asked', { skip }, async () => {
    await open(makeReport('processes', '.perf', PROCESSES), {}, async (page) => {
        const roots = () => page.evaluate(() => treeChildren(profReport.main.tree, 0).map((i) => rowName(profReport.model.names, profReport.main.tree.row[i])));
        assert.deepEqual(await roots(), ['gzip 7', 'sort 8']);
        assert.match(await page.textContent('#verdict'), /Of 2 programs, gzip takes 60\.0 %, sort 40\.0 %/);
        await page.selectOption('select[aria-label="Level at the root"]', 'none');
        await until(page, () => treeChildren(profReport.main.tree, 0).length === 1);
        assert.deepEqual(await roots(), ['main']);
        await until(page, () => location.hash.includes('group=none'));
        await page.keyboard.press('g');
        await until(page, () => treeChildren(profReport.main.tree, 0).length === 2);
    });
});

test('the sandwich opens with the hottest function', { skip }, async () => {
    await open(makeReport('sandwich-first', '.folded', STACKS), {}, async (page) => {
        await page.click('button:has-text("Sandwich")');
        await until(page, () => !profReport.upper.element.hidden);
        assert.equal(await page.evaluate(() => rowName(profReport.model.names, profReport.main.tree.row[0])), 'read_line');
    });
});

test('inverted, a zoom brings the callers of thin paths', { skip }, async () => {
    const wide = Array.from({ length: 9000 }, (_, i) => `main;part${i % 7};f${i % 60};g${i % 1500} ${i < 60 ? 500 : 1}`).join('\n') + '\n';
    await open(makeReport('wide-page', '.folded', wide), { hash: '#view=inverted' }, async (page) => {
        assert.match(await page.textContent('#crumbs'), /thin paths show their callers/);
        const thin = await page.evaluate(() => {
            const { tree } = profReport.main;
            const node = treeChildren(tree, 0).pop();
            window.thinFunc = profReport.model.names.rowFunc[tree.row[node]];
            profReport.zoom(node);
            return tree.end[node] - node;
        });
        assert.equal(thin, 1);
        await until(page, () => {
            const { tree } = profReport.main;
            const node = profReport.zoomNode;
            return profReport.model.names.rowFunc[tree.row[node]] === window.thinFunc && tree.end[node] - node > 1;
        });
        const shown = await page.evaluate(() => profReport.main.window.to - profReport.main.window.from - profReport.main.tree.total[profReport.zoomNode]);
        assert.equal(shown, 0);
    });
});
