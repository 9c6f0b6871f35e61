// SPDX-License-Identifier: MIT
// Trees as typed arrays in depth-first order: a subtree is the range [i, end[i]). Nothing here recurses,
// so that a stack of any depth is fine.

// Computes x (start, in weight), total, end and parent from depth and selfWeight, in one pass.
function treeMeasure(tree) {
    const { n, depth, selfWeight } = tree;
    const total = (tree.total = new Float64Array(n));
    const x = (tree.x = new Float64Array(n));
    const end = (tree.end = new Uint32Array(n));
    const parent = (tree.parent = new Uint32Array(n));
    let deepest = 0;
    for (let i = 0; i < n; i++) if (depth[i] > deepest) deepest = depth[i];
    const open = new Uint32Array(deepest + 1);
    let level = -1;
    let position = 0;
    for (let i = 0; i <= n; i++) {
        const d = i < n ? depth[i] : 0;
        for (; level >= d; level--) {
            const closed = open[level];
            position += selfWeight[closed];
            end[closed] = i;
            total[closed] = position - x[closed];
        }
        if (i === n) break;
        x[i] = position;
        parent[i] = d > 0 ? open[d - 1] : 0;
        open[(level = d)] = i;
    }
    tree.maxDepth = deepest;
    return tree;
}

// Nodes of each depth from left to right: those of depth d are node[start[d]] to node[start[d + 1] - 1].
function treeIndex(tree) {
    const { n, depth, maxDepth } = tree;
    const start = new Uint32Array(maxDepth + 2);
    for (let i = 0; i < n; i++) start[depth[i] + 1]++;
    for (let d = 0; d <= maxDepth; d++) start[d + 1] += start[d];
    const fill = start.slice();
    const node = new Uint32Array(n);
    for (let i = 0; i < n; i++) node[fill[depth[i]]++] = i;
    tree.rowStart = start;
    tree.rowNode = node;
    return tree;
}

// A tree while it grows: nodes with links to their parents, which come first. child() finds or makes one.
class Links {
    constructor(names, room) {
        this.names = names;
        this.n = 1;
        this.resize(Math.max(64, room));
        this.row[0] = NO_ROW;
        this.slots = new Uint32Array(1024);
    }

    resize(room) {
        const grow = (type, old) => {
            const array = new type(room);
            if (old) array.set(old);
            return array;
        };
        this.parent = grow(Uint32Array, this.parent);
        this.row = grow(Uint32Array, this.row);
        this.selfWeight = grow(Float64Array, this.selfWeight);
        this.selfCount = grow(Float64Array, this.selfCount);
        this.repeat = grow(Uint16Array, this.repeat);
    }

    slotOf(parent, func) {
        const mask = this.slots.length - 1;
        let at = (Math.imul(parent, 0x9e3779b1) ^ Math.imul(func + 1, 0x85ebca6b)) >>> 0;
        at = (at ^ (at >>> 15)) & mask;
        for (;; at = (at + 1) & mask) {
            const node = this.slots[at];
            if (node === 0) return at;
            if (this.parent[node] === parent && this.names.rowFunc[this.row[node]] === func) return at;
        }
    }

    child(parent, row) {
        const func = this.names.rowFunc[row];
        const at = this.slotOf(parent, func);
        if (this.slots[at] !== 0) return this.slots[at];
        const node = this.append(parent, row);
        this.slots[at] = node;
        if (this.n * 2 > this.slots.length) this.rehash();
        return node;
    }

    // A child that is known to be new, or is never looked up.
    append(parent, row) {
        if (this.n === this.row.length) this.resize(this.n * 2);
        this.parent[this.n] = parent;
        this.row[this.n] = row;
        return this.n++;
    }

    rehash() {
        this.slots = new Uint32Array(this.slots.length * 4);
        for (let i = 1; i < this.n; i++) {
            this.slots[this.slotOf(this.parent[i], this.names.rowFunc[this.row[i]])] = i;
        }
    }
}

// Sum of a per-node value over each subtree; parents come before their children.
function linkTotals(links, own) {
    const sum = Float64Array.from(own.subarray(0, links.n));
    for (let i = links.n - 1; i > 0; i--) sum[links.parent[i]] += sum[i];
    return sum;
}

// Links -> a tree in depth-first order. order: 'heavy' (heaviest child first), 'name', or 'given'.
// tree.place[link] is the new number of a link.
function treeFromLinks(links, order) {
    const { n, parent } = links;
    const total = linkTotals(links, links.selfWeight);
    const start = new Uint32Array(n + 1);
    for (let i = 1; i < n; i++) start[parent[i] + 1]++;
    for (let i = 0; i < n; i++) start[i + 1] += start[i];
    const fill = start.slice();
    const child = new Uint32Array(n);
    for (let i = 1; i < n; i++) child[fill[parent[i]]++] = i;
    sortChildren(links, order, total, start, child);
    return placeLinks(links, start, child);
}

function sortChildren(links, order, total, start, child) {
    if (order === 'given') return;
    const rank = order === 'name' ? nameRanks(links.names) : null;
    const compare = rank
        ? (a, b) => rank[links.names.rowFunc[links.row[a]]] - rank[links.names.rowFunc[links.row[b]]]
        : (a, b) => total[b] - total[a] || links.row[a] - links.row[b];
    for (let i = 0; i < links.n; i++) {
        if (start[i + 1] - start[i] > 1) child.subarray(start[i], start[i + 1]).sort(compare);
    }
}

function placeLinks(links, start, child) {
    const { n, parent } = links;
    const from = new Uint32Array(n); // by new number, the link
    const place = new Uint32Array(n);
    const depth = new Uint16Array(n);
    const todo = new Uint32Array(n);
    let waiting = 1;
    for (let at = 0; waiting > 0; at++) {
        const link = todo[--waiting];
        from[at] = link;
        place[link] = at;
        depth[at] = at === 0 ? 0 : Math.min(65535, depth[place[parent[link]]] + 1);
        const first = start[link];
        for (let c = start[link + 1]; c > first; c--) todo[waiting++] = child[c - 1];
    }
    const pick = (array, old) => {
        for (let i = 0; i < n; i++) array[i] = old[from[i]];
        return array;
    };
    return treeMeasure({
        n, depth, place, row: pick(new Uint32Array(n), links.row), repeat: pick(new Uint16Array(n), links.repeat),
        selfWeight: pick(new Float64Array(n), links.selfWeight), selfCount: pick(new Float64Array(n), links.selfCount),
    });
}

// Place of each function in the alphabet, worked out once.
function nameRanks(names) {
    if (names.ranks) return names.ranks;
    const text = Array.from({ length: names.funcs }, (_, i) => funcName(names, i));
    const sorted = Uint32Array.from(text.keys()).sort((a, b) => (text[a] < text[b] ? -1 : text[a] > text[b] ? 1 : a - b));
    names.ranks = new Uint32Array(names.funcs);
    sorted.forEach((func, rank) => (names.ranks[func] = rank));
    return names.ranks;
}

// Samples in a subtree.
function treeCount(tree, node) {
    let sum = 0;
    for (let i = node; i < tree.end[node]; i++) sum += tree.selfCount[i];
    return sum;
}

// Nodes from the root's child down to node.
function treePath(tree, node) {
    const path = [];
    for (let i = node; i > 0; i = tree.parent[i]) path.push(i);
    return path.reverse();
}

function treeChildren(tree, node) {
    const children = [];
    for (let i = node + 1; i < tree.end[node]; i = tree.end[i]) children.push(i);
    return children;
}

// The node reached from the root by a path of functions, as far as it goes.
function treeFollow(tree, names, funcs) {
    let node = 0;
    for (const func of funcs) {
        const next = treeChildren(tree, node).find((i) => names.rowFunc[tree.row[i]] === func);
        if (next === undefined) break;
        node = next;
    }
    return node;
}
