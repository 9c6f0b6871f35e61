// SPDX-License-Identifier: MIT
// What the page decodes and derives, against a plain reckoning of the same stacks.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeReport, pageCode, pageModel, perfScript } from './page_code.mjs';

let seed = 12345;
function random(below) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
}

// Stacks over few names, so that recursion, direct and not, is frequent.
function randomStacks(count) {
    const stacks = [];
    for (let i = 0; i < count; i++) stacks.push(Array.from({ length: 1 + random(9) }, () => 'fn' + random(5)));
    return stacks;
}

const stacks = randomStacks(400);
const weights = stacks.map(() => 1 + random(20));
const folded = stacks.map((s, i) => s.join(';') + ' ' + weights[i]).join('\n') + '\n';

const collapse = (stack) => stack.filter((f, i) => i === 0 || f !== stack[i - 1]);
const whole = weights.reduce((a, b) => a + b, 0);

// Self weight by path.
function reckon(list, change = (s) => s) {
    const self = new Map();
    list.forEach((stack, i) => {
        const key = change(stack).join(';');
        self.set(key, (self.get(key) || 0) + weights[i]);
    });
    return self;
}

function treePaths(model, tree) {
    const { names } = model;
    const self = new Map();
    const open = [];
    for (let i = 1; i < tree.n; i++) {
        open.length = tree.depth[i] - 1;
        open.push(names.string(names.name[names.rowFunc[tree.row[i]]]));
        const key = open.join(';');
        if (tree.selfWeight[i] > 0) self.set(key, (self.get(key) || 0) + tree.selfWeight[i]);
    }
    return self;
}

function assertSame(found, wanted) {
    assert.deepEqual([...found].sort(), [...wanted].filter(([, v]) => v > 0).sort());
}

// Every node's subtree is a range, its total the sum of what is inside, and no siblings share a function.
function assertSound(model, tree) {
    for (let i = 0; i < tree.n; i++) {
        let sum = 0;
        for (let k = i; k < tree.end[i]; k++) sum += tree.selfWeight[k];
        assert.equal(tree.total[i], sum);
        const seen = new Set();
        for (let c = i + 1; c < tree.end[i]; c = tree.end[c]) {
            assert.equal(tree.parent[c], i);
            const func = model.names.rowFunc[tree.row[c]];
            assert.ok(!seen.has(func), 'siblings share a function');
            seen.add(func);
        }
    }
}

test('the tree that the page opens with has direct recursion collapsed', async () => {
    const { model, first } = await pageModel(makeReport('collapse', '.folded', folded));
    const tree = model.tree(first);
    assertSound(model, tree);
    assert.equal(tree.total[0], whole);
    assertSame(treePaths(model, tree), reckon(stacks, collapse));
});

test('a frame knows how deep its recursion went', async () => {
    const { model } = await pageModel(makeReport('fib', '.folded', 'main;fib;fib;fib 5\nmain;fib 1\nmain;fib;fib;log 2\n'));
    const { names, base } = model;
    const fib = [...base.row].findIndex((row, i) => i > 0 && names.string(names.name[names.rowFunc[row]]) === 'fib');
    assert.equal(base.repeat[fib], 3);
    assert.equal(base.total[fib], 8);
    assert.equal(base.n, 4);
});

test('unfolded, the tree is as the stacks were', async () => {
    const { model, first } = await pageModel(makeReport('unfold', '.folded', folded));
    const state = { ...first, recursion: true };
    await model.prepare(state);
    const tree = model.tree(state);
    assertSound(model, tree);
    assertSame(treePaths(model, tree), reckon(stacks));
});

test('children stand heaviest first, or by name', async () => {
    const { model, first } = await pageModel(makeReport('order', '.folded', folded));
    for (const order of ['heavy', 'name']) {
        const tree = model.tree({ ...first, order });
        assertSame(treePaths(model, tree), reckon(stacks, collapse));
        for (let i = 0; i < tree.n; i++) {
            for (let c = i + 1; c < tree.end[i] && tree.end[c] < tree.end[i]; c = tree.end[c]) {
                const next = tree.end[c];
                const name = (k) => model.names.string(model.names.name[model.names.rowFunc[tree.row[k]]]);
                assert.ok(order === 'heavy' ? tree.total[c] >= tree.total[next] : name(c) < name(next));
            }
        }
    }
});

test('inverted, what ran is at the root with its callers above', async () => {
    const { model, first } = await pageModel(makeReport('invert', '.folded', folded));
    const { main } = model.views({ ...first, view: 'inverted' });
    assertSound(model, main);
    assert.equal(main.total[0], whole);
    assertSame(treePaths(model, main), reckon(stacks, (s) => collapse(s).reverse()));
});

test('the sandwich has all callers and all callees of one function', async () => {
    const { model, first } = await pageModel(makeReport('sandwich', '.folded', folded));
    const { names } = model;
    const func = [...Array(names.funcs).keys()].find((f) => names.string(names.name[f]) === 'fn2');
    const { main, callers } = model.views({ ...first, view: 'sandwich', func });
    let wanted = 0;
    stacks.forEach((s, i) => (wanted += s.includes('fn2') ? weights[i] : 0));
    assert.equal(main.total[0], wanted);
    assert.equal(callers.total[0], wanted);
    const from = (s) => collapse(s).slice(collapse(s).indexOf('fn2') + 1);
    const own = new Map();
    stacks.forEach((s, i) => s.includes('fn2') && from(s).length && own.set(from(s).join(';'), (own.get(from(s).join(';')) || 0) + weights[i]));
    assertSame(treePaths(model, main), own);
});

test('a kind that is merged gives its time to the caller, a hidden one takes it along', async () => {
    const text = 'main;work_[k];copy_[k] 3\nmain;work_[k] 2\nmain 1\n';
    const { model, first } = await pageModel(makeReport('kinds', '.folded', text));
    const letters = model.facts.kinds.filter((k, i) => [...model.kindOfRow].includes(i)).map((k) => k.letter);
    const kind = (id) => model.facts.kinds.find((k) => k.id === id).letter;
    assert.ok(letters.includes(kind('kernel')), 'folded _[k] names are kernel code');
    const merged = model.tree({ ...first, kinds: kind('kernel') + 'm' });
    assertSame(treePaths(model, merged), new Map([['main', 6]]));
    const hidden = model.tree({ ...first, kinds: kind('kernel') + 'h' });
    assertSame(treePaths(model, hidden), new Map([['main', 1]]));
});

test('search counts each stack once, and can leave only what it found', async () => {
    const { model, first } = await pageModel(makeReport('search', '.folded', folded));
    const state = { ...first, query: 'FN3', only: true };
    let wanted = 0;
    stacks.forEach((s, i) => (wanted += s.includes('fn3') ? weights[i] : 0));
    assert.equal(model.tree({ ...state, query: 'fn3' }).total[0], wanted);
    assert.equal(model.tree({ ...state, query: '/^fn[3]$/' }).total[0], wanted);
    assert.equal(model.tree(state).total[0], 0, 'capitals count when there are some');
    assert.match(model.search({ ...first, query: '(', regex: true }).error, /Not a pattern/);
});

test('per function, a stack counts once in the total', async () => {
    const { model, first } = await pageModel(makeReport('totals', '.folded', folded));
    const totals = model.totals(first);
    for (let f = 0; f < model.names.funcs; f++) {
        const name = model.names.string(model.names.name[f]);
        let self = 0, total = 0;
        stacks.forEach((s, i) => {
            self += s[s.length - 1] === name ? weights[i] : 0;
            total += s.includes(name) ? weights[i] : 0;
        });
        assert.equal(totals.self[f], self);
        assert.equal(totals.total[f], total);
    }
});

const timed = [];
for (let i = 0; i < 300; i++) timed.push([10 + i / 100, 7, i % 3 === 0 ? 8 : 7, ['main', i < 100 ? 'early' : 'late', i % 2 ? 'odd' : 'even']]);

test('an interval and a thread leave only their own samples', async () => {
    const { model, first } = await pageModel(makeReport('times', '.perf', perfScript(timed)));
    const tidOf = (n) => model.facts.threads[n].tid;
    const state = { ...first, from: 0, to: 1 };
    await model.prepare(state);
    const slices = (seconds) => Math.round((seconds * 1e9) / model.times.sliceNs);
    const early = model.tree({ ...first, from: 0, to: slices(0.995) });
    assert.equal(early.total[0], 100e6);
    assert.ok([...treePaths(model, early).keys()].every((path) => path.includes('early')));
    const thread = 't' + [0, 1].find((n) => tidOf(n) === 8);
    assert.equal(model.tree({ ...first, thread }).total[0], 100e6);
    assert.equal(model.tree({ ...first, thread, from: 0, to: slices(0.995) }).total[0], 34e6);
});

test('in the order of time, equal neighbours merge and nothing is lost', async () => {
    const order = ['a', 'a', 'b', 'a'].map((f, i) => [1 + i, 7, 7, ['main', f]]);
    const { model, first } = await pageModel(makeReport('chart', '.perf', perfScript(order)));
    const state = { ...first, order: 'time' };
    await model.prepare(state);
    const { main } = model.views(state);
    const name = (i) => model.names.string(model.names.name[model.names.rowFunc[main.row[i]]]);
    assert.deepEqual([...Array(main.n).keys()].slice(1).map((i) => [name(i), main.total[i] / 1e6]), [['main', 4], ['a', 2], ['b', 1], ['a', 1]]);
});

// Three processes of two programs over the same functions.
const PIPELINE = [];
for (let i = 0; i < 60; i++) {
    const pid = [7, 8, 9][i % 3];
    const frames = ['main', 'fib', 'fib', ['read', 'write', 'sort'][(i >> 1) % 3]];
    PIPELINE.push([10 + i / 100, pid, pid, frames, pid === 9 ? 'sort' : 'gzip']);
}
const pipelineText = PIPELINE.map((sample) => perfScript([sample]).replace(/^prog /, sample[4] + ' ')).join('\n');

function rootShares(model, tree) {
    const { names } = model;
    const shares = {};
    for (let i = 1; i < tree.n; i = tree.end[i]) shares[names.string(names.name[names.rowFunc[tree.row[i]]])] = tree.total[i] / 1e6;
    return shares;
}

test('several processes stand at the root, each with all of its own time', async () => {
    const { model, first } = await pageModel(makeReport('groups', '.perf', pipelineText));
    await model.prepare(first);
    assert.equal(model.groupOf(first), 'process');
    const shares = rootShares(model, model.tree(first));
    assert.deepEqual(shares, { 'gzip 7': 20, 'gzip 8': 20, 'sort 9': 20 });
    assert.deepEqual(rootShares(model, model.tree({ ...first, group: 'program' })), { 'gzip (2 processes)': 40, 'sort': 20 });
    assert.deepEqual(rootShares(model, model.tree({ ...first, group: 'none' })), { main: 60 });
    for (const recursion of [false, true]) {
        const state = { ...first, recursion };
        await model.prepare(state);
        const tree = model.tree(state);
        assertSound(model, tree);
        const wanted = new Map();
        for (const [, pid, , frames, program] of PIPELINE) {
            const key = [program + ' ' + pid, ...(recursion ? frames : collapse(frames))].join(';');
            wanted.set(key, (wanted.get(key) || 0) + 1e6);
        }
        assertSame(treePaths(model, tree), wanted);
    }
});

test('the level at the root follows the filters and stays out of tables and search', async () => {
    const { model, first } = await pageModel(makeReport('groups-filter', '.perf', pipelineText));
    const state = { ...first, from: 0, to: 1 };
    await model.prepare(state);
    const half = Math.round((0.295 * 1e9) / model.times.sliceNs);
    assert.deepEqual(rootShares(model, model.tree({ ...first, from: 0, to: half })), { 'gzip 7': 10, 'gzip 8': 10, 'sort 9': 10 });
    const chart = model.views({ ...first, order: 'time' }).main;
    assert.equal(chart.total[0], 60e6);
    assert.equal(Object.keys(rootShares(model, chart)).length, 3);
    const totals = model.totals(first);
    const { totalsSorted } = pageCode('totalsSorted');
    const listed = Array.from(totalsSorted(model.names, totals, 'total', true, null), (f) => model.names.string(model.names.name[f]));
    assert.deepEqual(listed.sort(), ['fib', 'main', 'read', 'sort', 'write']);
    assert.equal(model.search({ ...first, query: 'gzip' }).funcs.reduce((a, b) => a + b, 0), 0);
    assert.match(readFileSync(makeReport('groups-filter', '.perf', pipelineText), 'utf8'), /Of 2 programs, gzip takes 66\.7 %, sort 33\.3 %/);
});

// Distinct leaves so many that the inverted view may leave out thin paths.
const wide = Array.from({ length: 9000 }, (_, i) => `main;part${i % 7};f${i % 60};g${i % 1500} ${i < 60 ? 500 : 1}`).join('\n') + '\n';

test('inverted, paths too thin to see are left out and come back when asked for', async () => {
    const { model, first } = await pageModel(makeReport('wide', '.folded', wide));
    const { names } = model;
    const state = { ...first, view: 'inverted' };
    const { main } = model.views(state);
    const whole = model.base.total[0];
    const { deriveInverted } = pageCode('deriveInverted');
    const all = deriveInverted(names, model.base, 'heavy', { thin: 0 });
    assert.equal(main.cut, true);
    assert.equal(all.cut, false);
    assert.ok(main.n < all.n);
    assert.equal(main.total[0], whole);
    // Whatever is there has the place and weight that it has in the whole tree.
    const lay = (tree) => {
        const open = [];
        return new Map([...Array(tree.n).keys()].slice(1).map((i) => {
            open.length = tree.depth[i] - 1;
            open.push(names.rowFunc[tree.row[i]]);
            return [open.join(), tree.x[i] + ' ' + tree.total[i]];
        }));
    };
    const places = lay(all);
    for (const [path, place] of lay(main)) assert.equal(places.get(path), place);
    const thinnest = [...Array(main.n).keys()].filter((i) => main.depth[i] === 1).pop();
    model.fine = { key: 'x', thin: 0, funcs: new Uint8Array(names.funcs) };
    model.fine.funcs[names.rowFunc[main.row[thinnest]]] = 1;
    const finer = model.views(state).main;
    const followed = [...Array(finer.n).keys()].filter((i) => finer.depth[i] === 1 && finer.row[i] === main.row[thinnest])[0];
    assert.ok(finer.end[followed] - followed > 1, 'its callers are there now');
});
