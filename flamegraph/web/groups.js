// SPDX-License-Identifier: MIT
// A level of programs, processes or threads at the root of the graph. Their frames are rows and functions behind the
// profile's own; tables and search leave those out.

const GROUPS_EACH = 12; // more processes than this are shown by program at first

const GROUP_TEXTS = {
    program: (thread, processes) => (thread.program || 'process') + (processes > 1 ? ' (' + processes + ' processes)' : ''),
    process: (thread) => (thread.program || 'process') + ' ' + thread.pid,
    thread: (thread) => (thread.name || thread.program || 'thread') + ' ' + thread.tid,
};

const GROUP_KEYS = { program: (thread) => thread.program, process: (thread) => thread.process, thread: (thread) => thread.process + ' ' + thread.tid };

function groupCount(threads, by) {
    return new Set(threads.map(GROUP_KEYS[by])).size;
}

// What a profile opens with: one process says nothing at the root.
function groupFirst(threads) {
    const processes = groupCount(threads, 'process');
    return processes < 2 ? 'none' : processes > GROUPS_EACH ? 'program' : 'process';
}

function groupLengthen(array, added) {
    const longer = new array.constructor(array.length + added);
    longer.set(array);
    return longer;
}

// Adds the frames; names.groups: by level, the row of each thread of the list, the last for those that did not fit.
function groupsAdd(names, threads, kind) {
    const texts = [];
    names.groups = {};
    for (const by of Object.keys(GROUP_KEYS)) {
        const seen = new Map();
        const processes = new Map();
        for (const t of threads) processes.set(t.program, (processes.get(t.program) || new Set()).add(t.process));
        names.groups[by] = threads.map((thread) => {
            const key = GROUP_KEYS[by](thread);
            if (!seen.has(key)) seen.set(key, names.rows + texts.push(GROUP_TEXTS[by](thread, processes.get(thread.program).size)) - 1);
            return seen.get(key);
        });
    }
    const others = names.rows + texts.push('other threads') - 1;
    for (const rows of Object.values(names.groups)) rows.push(others);
    const own = names.string;
    names.string = (id) => (id < names.strings ? own(id) : texts[id - names.strings]);
    for (const column of ['name', 'system', 'file', 'line', 'module', 'kind']) names[column] = groupLengthen(names[column], texts.length);
    for (const column of ['rowFunc', 'rowFlags']) names[column] = groupLengthen(names[column], texts.length);
    texts.forEach((_, i) => {
        names.name[names.funcs + i] = names.strings + i;
        names.module[names.funcs + i] = 0xffffffff;
        names.kind[names.funcs + i] = kind;
        names.rowFunc[names.rows + i] = names.funcs + i;
    });
    names.funcs += texts.length;
    names.rows += texts.length;
}

// The tree once more, apart for each group. result.entry: the node of each entry of `times`. placeOf: by entry, the
// node of `tree`.
function groupTree(names, tree, times, placeOf, rowOfThread) {
    const links = new Links(names, tree.n);
    const groups = new Map();
    for (let i = 0; i < times.n; i++) {
        const row = rowOfThread[Math.min(times.thread[i], rowOfThread.length - 1)];
        if (!groups.has(row)) groups.set(row, []);
        groups.get(row).push(i);
    }
    const entry = new Uint32Array(times.n);
    for (const [row, entries] of groups) {
        const into = new Uint32Array(tree.n); // 0: not there yet
        into[0] = links.append(0, row);
        for (const i of entries) {
            entry[i] = groupPath(links, tree, into, placeOf(i));
            links.selfWeight[entry[i]] += times.weight[i];
            links.selfCount[entry[i]] += times.count[i];
        }
    }
    const result = treeFromLinks(links, 'heavy');
    result.entry = entry.map((link) => result.place[link]);
    return result;
}

// The link of a node in its group, made with all its callers.
function groupPath(links, tree, into, node) {
    const path = [];
    let i = node;
    for (; into[i] === 0; i = tree.parent[i]) path.push(i);
    while (path.length > 0) {
        const next = path.pop();
        into[next] = links.append(into[tree.parent[next]], tree.row[next]);
        links.repeat[into[next]] = tree.repeat[next];
    }
    return into[node];
}
