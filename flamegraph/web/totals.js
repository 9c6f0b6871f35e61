// SPDX-License-Identifier: MIT
// Self and total per function. In its total a function counts once per stack, however often it recurs.

function totalsOf(names, tree) {
    const totals = {
        self: new Float64Array(names.funcs), total: new Float64Array(names.funcs),
        row: new Uint32Array(names.funcs).fill(NO_ROW), whole: tree.total[0],
        rowSelf: new Float64Array(names.rows), rowSeen: new Uint8Array(names.rows),
    };
    totalsWalk(names.rowFunc, tree, totals, new Uint32Array(names.funcs));
    for (let row = names.rows - 1; row >= 0; row--) {
        if (!totals.rowSeen[row]) continue;
        totals.self[names.rowFunc[row]] += totals.rowSelf[row];
        totals.row[names.rowFunc[row]] = row;
    }
    return totals;
}

// covered: by function, where the subtree ends in which it counts no more.
function totalsWalk(rowFunc, tree, totals, covered) {
    const { n, row, end, selfWeight } = tree;
    const { rowSelf, rowSeen, total } = totals;
    const weight = tree.total;
    for (let i = 1; i < n; i++) {
        const at = row[i];
        rowSelf[at] += selfWeight[i];
        rowSeen[at] = 1;
        const func = rowFunc[at];
        if (i < covered[func]) continue;
        covered[func] = end[i];
        total[func] += weight[i];
    }
}

const TOTALS_KEYS = {
    self: (names, totals) => (a, b) => totals.self[b] - totals.self[a] || totals.total[b] - totals.total[a] || a - b,
    total: (names, totals) => (a, b) => totals.total[b] - totals.total[a] || totals.self[b] - totals.self[a] || a - b,
    name: (names) => {
        const rank = nameRanks(names);
        return (a, b) => rank[a] - rank[b];
    },
};

// Functions that occur, in the order of a column ('self', 'total', 'name'). The order is kept with the totals:
// a search only filters it.
function totalsSorted(names, totals, key, natural, keepFunc) {
    if (totals.sortedBy !== key) {
        totals.sorted = [];
        for (let f = 0; f < names.ownFuncs; f++) if (totals.row[f] !== NO_ROW) totals.sorted.push(f);
        totals.sorted.sort(TOTALS_KEYS[key](names, totals));
        totals.sortedBy = key;
    }
    const funcs = keepFunc ? totals.sorted.filter((f) => keepFunc[f]) : totals.sorted.slice();
    return natural ? funcs : funcs.reverse();
}
