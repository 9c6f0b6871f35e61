// SPDX-License-Identifier: MIT
// The profile as the page holds it: names, the tree it opens with, and, once asked for, the tree
// before the collapse of recursion, the times, and the source lines.

const NO_ROW = 0xffffffff;
const INLINED = 1;

function namesRead(bytes) {
    const wire = new WireReader(bytes);
    const strings = wire.number();
    const lengths = wire.column(strings);
    const text = new TextDecoder().decode(wire.slice(wire.number()));
    const starts = new Uint32Array(strings + 1);
    for (let i = 0; i < strings; i++) starts[i + 1] = starts[i] + lengths[i];
    const string = (id) => text.substring(starts[id], starts[id + 1]);
    const modules = [];
    for (let left = wire.number(); left > 0; left--) {
        modules.push({ path: string(wire.number()), flags: wire.number() });
    }
    const funcs = wire.number();
    const column = () => wire.column(funcs);
    const names = {
        string, strings, modules, funcs, ownFuncs: funcs,
        name: wire.increases(funcs), system: column(), file: column(), line: column(), module: column(), kind: column(),
    };
    const rows = wire.number();
    names.rows = rows;
    names.rowFunc = wire.increases(rows);
    names.rowFlags = wire.column(rows);
    return names;
}

function treeRead(bytes) {
    const wire = new WireReader(bytes);
    const n = wire.number() + 1;
    const unit = wire.number();
    const exact = wire.number() === 1;
    const depth = new Uint16Array(n);
    const pops = wire.column(n - 1);
    for (let i = 1, level = 0; i < n; i++) depth[i] = level = level + 1 - pops[i - 1];
    const row = new Uint32Array(n);
    row.set(wire.column(n - 1), 1);
    row[0] = NO_ROW;
    const selfCount = Float64Array.from(wire.column(n));
    const selfWeight = weightsRead(wire, selfCount, unit, exact);
    const repeat = new Uint16Array(n);
    let node = 0;
    for (let left = wire.number(); left > 0; left--) {
        node += wire.number();
        repeat[node] = Math.min(65535, wire.number());
    }
    return { n, unit, exact, depth, row, selfCount, selfWeight, repeat };
}

function weightsRead(wire, counts, unit, exact) {
    if (exact && unit === 1) return counts;
    const weights = new Float64Array(counts.length);
    for (let i = 0; i < counts.length; i++) {
        weights[i] = counts[i] * unit + (exact ? 0 : wire.signed());
    }
    return weights;
}

// The tree before the collapse as links (tree.js), and the node of the collapsed tree behind each member.
function membersRead(bytes, tree) {
    const wire = new WireReader(bytes);
    const extra = wire.column(tree.n);
    const first = new Uint32Array(tree.n + 1);
    for (let i = 0; i < tree.n; i++) first[i + 1] = first[i] + extra[i] + 1;
    const n = first[tree.n];
    const members = {
        n, parent: new Uint32Array(n), row: new Uint32Array(n), nodeOf: new Uint32Array(n),
        selfCount: new Float64Array(n), selfWeight: new Float64Array(n), repeat: new Uint16Array(n),
    };
    members.row[0] = NO_ROW;
    for (let i = 1; i < tree.n; i++) {
        const above = tree.parent[i];
        for (let m = first[i]; m < first[i + 1]; m++) {
            const coded = extra[i] > 0 || extra[above] > 0 ? wire.number() : 0;
            members.parent[m] = coded > extra[above] ? first[i] + coded - extra[above] - 1 : first[above] + coded;
            members.row[m] = tree.row[i];
            members.nodeOf[m] = i;
        }
    }
    memberWeights(wire, tree, members, first, extra);
    return members;
}

function memberWeights(wire, tree, members, first, extra) {
    const coded = [];
    for (let i = 0; i < tree.n; i++) {
        for (let m = first[i]; m < first[i + 1]; m++) {
            members.selfCount[m] = extra[i] > 0 ? wire.number() : tree.selfCount[i];
            members.selfWeight[m] = extra[i] > 0 ? members.selfCount[m] * tree.unit : tree.selfWeight[i];
            if (extra[i] > 0) coded.push(m);
        }
    }
    if (!tree.exact) for (const m of coded) members.selfWeight[m] += wire.signed();
}

function timesRead(bytes, unit, exact) {
    const wire = new WireReader(bytes);
    const sliceNs = wire.number();
    const n = wire.number();
    const words = wire.number();
    const dictionary = wire.column(words);
    const thread = new Uint16Array(n);
    const starts = new Uint8Array(n);
    for (let runs = wire.number(), at = 0; runs > 0; runs--) {
        const index = wire.number();
        const length = wire.number();
        thread.fill(index, at, at + length);
        starts[at] = 1;
        at += length;
    }
    const slice = wire.column(n);
    for (let i = 1; i < n; i++) if (!starts[i]) slice[i] += slice[i - 1];
    const member = wire.column(n);
    for (let i = 0; i < n; i++) member[i] = dictionary[member[i]];
    const count = Float64Array.from(wire.column(n));
    const weight = weightsRead(wire, count, unit, exact);
    let slices = 0;
    for (let i = 0; i < n; i++) slices = Math.max(slices, slice[i] + 1);
    return { n, sliceNs, slices, thread, slice, member, count, weight };
}

function funcName(names, func) {
    return names.string(names.name[func]) || '[no name]';
}

function rowName(names, row) {
    return row === NO_ROW ? 'all' : funcName(names, names.rowFunc[row]);
}

function funcPlace(names, func) {
    const file = names.string(names.file[func]);
    if (!file) return '';
    return names.line[func] > 0 ? file + ':' + names.line[func] : file;
}

function funcModule(names, func) {
    const module = names.modules[names.module[func]];
    return module ? module.path : '';
}

// Where a function is, as short as it can be said.
function funcShortPlace(names, func) {
    const place = funcPlace(names, func) || funcModule(names, func);
    return place.substring(place.lastIndexOf('/') + 1);
}
