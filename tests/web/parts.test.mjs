// SPDX-License-Identifier: MIT
// The page's parts that need neither a browser nor a report: rows of pixels, labels, the address, varints.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageCode } from './page_code.mjs';

const page = pageCode('rowWalk', 'rowHit', 'treeMeasure', 'treeIndex', 'labelForms', 'labelShort', 'stateText', 'stateParse', 'STATE_FIRST',
    'stateKindActions', 'stateKindText', 'WireReader', 'formatPercent', 'formatDuration', 'xmlText', 'exportFileName', 'KEYS');

// A root with `count` children of weight 1.
function comb(count) {
    const depth = new Uint16Array(count + 1).fill(1);
    depth[0] = 0;
    const selfWeight = new Float64Array(count + 1).fill(1);
    selfWeight[0] = 0;
    return page.treeIndex(page.treeMeasure({ n: count + 1, depth, selfWeight }));
}

test('a row paints every pixel that a frame covers, once', () => {
    for (const [count, pixels, from, to] of [[10, 100, 0, 10], [7, 100, 1.5, 6.25], [5000, 300, 0, 5000], [5000, 300, 1234.5, 3001], [3, 1, 0, 3]]) {
        const painted = new Uint8Array(pixels);
        const tree = comb(count);
        page.rowWalk(tree, 1, { from, to }, pixels, (node, left, right) => {
            for (let x = left; x < right; x++) painted[x]++;
        }, (k, next, pixel) => painted[pixel]++);
        assert.ok(painted.every((times) => times >= 1), `${count} frames on ${pixels} pixels`);
        assert.ok(painted.every((times) => times <= 2));
    }
});

test('a row costs its pixels, however many frames it has', () => {
    const tree = comb(1000000);
    let calls = 0;
    page.rowWalk(tree, 1, { from: 0, to: 1000000 }, 1366, () => calls++, () => calls++);
    assert.ok(calls <= 2 * 1366 + 2, String(calls)); // a frame across two pixels is met twice
});

test('a point finds its frame', () => {
    const tree = comb(1000);
    assert.equal(page.rowHit(tree, 1, 0.5), 1);
    assert.equal(page.rowHit(tree, 1, 999.5), 1000);
    assert.equal(page.rowHit(tree, 1, 1000.5), -1);
    assert.equal(page.rowHit(tree, 2, 1), -1);
});

test('a stack of 50,000 frames is measured without recursion', () => {
    const n = 50000;
    const tree = page.treeMeasure({ n, depth: Uint16Array.from({ length: n }, (_, i) => i), selfWeight: new Float64Array(n).fill(1) });
    assert.equal(tree.total[0], n);
    assert.equal(tree.end[n - 1], n);
});

test('labels lose parameters, then namespaces and folders', () => {
    const rows = [
        ['a::b::c(int, char)', ['a::b::c(int, char)', 'a::b::c', 'b::c', 'c']],
        ['std::vector<a::b>::push', ['std::vector<a::b>::push', 'vector<a::b>::push', 'push']],
        ['/usr/lib/x.js', ['/usr/lib/x.js', 'usr/lib/x.js', 'lib/x.js', 'x.js']],
        ['plain', ['plain']],
        ['(anonymous)', ['(anonymous)']],
        ['a/', ['a/']],
    ];
    for (const [name, forms] of rows) {
        const found = page.labelForms(name);
        for (const form of forms) assert.ok(found.includes(form), `${name}: ${found.join(' | ')}`);
        assert.ok(found.every((form) => form.length > 0));
    }
    assert.equal(page.labelShort('a::b::c(int)', 4), 'b::c');
});

test('the address keeps the view', () => {
    const state = { ...page.STATE_FIRST, view: 'inverted', query: 'a&b=c #%', only: true, from: 3, to: 9, kinds: 'Km?h' };
    assert.deepEqual({ ...page.stateParse('#' + page.stateText(state)) }, state);
    assert.equal(page.stateText(page.STATE_FIRST), '');
});

test('an address made up by somebody else does no harm', () => {
    for (const text of ['#view=evil&order=__proto__&from=NaN', '#__proto__=1&query=%', '#=&&&zoom', '#zoom=!!.-1&func=1e9', '#theme=x&tab=y&sort=z']) {
        const state = page.stateParse(text);
        assert.ok(['graph', 'inverted', 'sandwich'].includes(state.view));
        assert.equal(state.sort, 'self');
        assert.equal(Object.keys(state).length, Object.keys(page.STATE_FIRST).length);
    }
});

test('kinds and their letters belong together', () => {
    const kinds = [{ letter: 'A' }, { letter: 'K' }, { letter: '?' }];
    const actions = page.stateKindActions('Km?h', kinds);
    assert.deepEqual([...actions], [0, 1, 2]);
    assert.equal(page.stateKindText([...actions], kinds), 'Km?h');
});

test('varints read as they are written, and a cut block is noticed', () => {
    const wire = new page.WireReader(Uint8Array.of(5, 0x80, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 3, 4));
    assert.deepEqual([wire.number(), wire.number(), wire.number(), wire.signed(), wire.signed()], [5, 128, 4294967295, -2, 2]);
    assert.throws(() => wire.number(), /ends too early/);
    assert.throws(() => new page.WireReader(Uint8Array.of(1, 2)).column(3, new Uint8Array(3)), /ends too early/);
});

test('figures are short', () => {
    assert.equal(page.formatPercent(1, 3), '33.3 %');
    assert.equal(page.formatPercent(1, 1e6), '<0.1 %');
    assert.equal(page.formatPercent(0, 0), '0 %');
    assert.equal(page.formatDuration(1.5e9), '1.50 s');
    assert.equal(page.formatDuration(200e9), '3 min 20 s');
});

test('exported text cannot break out', () => {
    assert.ok(!/[<>"']/.test(page.xmlText('<a href="x">\'')));
    assert.ok(!page.xmlText('a\u0000b').includes('\u0000'));
    assert.equal(page.exportFileName('../../etc/passwd', '.svg'), '..-..-etc-passwd.svg');
});

test('no two actions share a key', () => {
    const keys = page.KEYS.map(([key]) => key);
    assert.equal(new Set(keys).size, keys.length);
});
