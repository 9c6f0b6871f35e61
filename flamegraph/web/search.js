// SPDX-License-Identifier: MIT
// Search: the pattern is tried once per function, never per node. "file:" and "module:" look there instead
// of at the name.

// { test } or { error }; null for an empty query. Plain text ignores case; /text/ or regex=true is a pattern.
function searchCompile(query, regex) {
    const field = /^(file|module):/.exec(query);
    let text = field ? query.slice(field[0].length) : query;
    if (text === '') return null;
    const slashes = /^\/(.+)\/$/.exec(text);
    if (slashes && !field) text = slashes[1];
    const source = regex || (slashes && !field) ? text : text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    try {
        return { pattern: new RegExp(source, /[A-Z]/.test(text) ? '' : 'i'), field: field ? field[1] : 'name' };
    } catch (error) {
        return { error: 'Not a pattern: ' + error.message.replace(/^Invalid regular expression: /, '') };
    }
}

function searchFuncs(names, search) {
    const text = {
        name: (f) => funcName(names, f), file: (f) => names.string(names.file[f]), module: (f) => funcModule(names, f),
    }[search.field];
    const match = new Uint8Array(names.funcs);
    for (let f = 0; f < names.funcs; f++) match[f] = search.pattern.test(text(f)) ? 1 : 0;
    return match;
}

function searchRows(names, funcs) {
    const rows = new Uint8Array(names.rows);
    for (let r = 0; r < names.rows; r++) rows[r] = funcs[names.rowFunc[r]];
    return rows;
}

// Weight of the stacks with a match, and the matching nodes that stand on no other match.
function searchTree(tree, rows) {
    const found = { weight: 0, nodes: [] };
    for (let i = 1; i < tree.n; ) {
        if (rows[tree.row[i]]) {
            found.weight += tree.total[i];
            found.nodes.push(i);
            i = tree.end[i];
        } else {
            i++;
        }
    }
    return found;
}

// How many matches stand before each place of the row index, so that a match is seen in a pixel of many.
function searchSums(tree, rows) {
    const sums = new Uint32Array(tree.n + 1);
    const { rowNode, row } = tree;
    for (let k = 0, sum = 0; k < tree.n; k++) {
        const node = rowNode[k];
        if (node > 0 && rows[row[node]]) sum++;
        sums[k + 1] = sum;
    }
    return sums;
}
