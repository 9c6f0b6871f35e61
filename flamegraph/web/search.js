// SPDX-License-Identifier: MIT
// Search: the pattern is tried once per function, never per node. "file:" and "module:" look there instead
// of at the name.

// { pattern, field } or { error }; null for an empty query. Plain text ignores case; /text/ or regex=true is a pattern.
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

const SEARCH_FIELDS = { name: funcName, file: (names, f) => names.string(names.file[f]), module: funcModule };

// The texts are cut out of the block once, at the first keystroke.
function searchFuncs(names, search) {
    names.texts = names.texts || {};
    const field = search.field;
    const texts = (names.texts[field] = names.texts[field] || []);
    for (let f = texts.length; f < names.ownFuncs; f++) texts.push(SEARCH_FIELDS[field](names, f));
    const match = new Uint8Array(names.funcs);
    for (let f = 0; f < names.ownFuncs; f++) match[f] = search.pattern.test(texts[f]) ? 1 : 0;
    return match;
}

function searchRows(names, funcs) {
    const rows = new Uint8Array(names.rows);
    for (let r = 0; r < names.rows; r++) rows[r] = funcs[names.rowFunc[r]];
    return rows;
}

// Weight of the stacks with a match, and the matching nodes that stand on no other match.
function searchTree(tree, rows) {
    const { n, row, end, total } = tree;
    const found = { weight: 0, nodes: [] };
    for (let i = 1; i < n; ) {
        if (rows[row[i]]) {
            found.weight += total[i];
            found.nodes.push(i);
            i = end[i];
        } else {
            i++;
        }
    }
    return found;
}

// Whether one of the places [from, to) of the row index matches, so that a match is seen in a pixel of many.
function searchWithin(tree, rows, from, to) {
    const { rowNode, row } = tree;
    for (let k = from; k < to; k++) if (rows[row[rowNode[k]]]) return true;
    return false;
}
