// SPDX-License-Identifier: MIT
// Trees made from the tree: filtered, with kinds hidden or merged, turned over, around one function,
// and in the order of time.

const SHOW = 0;
const MERGE = 1; // frames of the kind vanish, their own time goes to their callers
const HIDE = 2; // frames of the kind vanish with their own time

// Own weights of `tree` for some threads and an interval of slices. places: by entry, the tree's node.
function deriveSelf(tree, times, places, keepThread, from, to) {
    const self = { weight: new Float64Array(tree.n), count: new Float64Array(tree.n) };
    for (let i = 0; i < times.n; i++) {
        if (times.slice[i] < from || times.slice[i] >= to || !keepThread(times.thread[i])) continue;
        const node = places(i);
        self.weight[node] += times.weight[i];
        self.count[node] += times.count[i];
    }
    return self;
}

// Takes away the own time of stacks without a match, and of hidden kinds.
function deriveMask(tree, self, matchRow, actionOfRow) {
    let covered = 0;
    for (let i = 0; i < tree.n; i++) {
        const row = tree.row[i];
        if (matchRow && i > 0 && matchRow[row] && tree.end[i] > covered) covered = tree.end[i];
        const masked = (matchRow && i >= covered) || (i > 0 && actionOfRow && actionOfRow[row] === HIDE);
        if (masked) self.weight[i] = self.count[i] = 0;
    }
}

function subtreeSums(tree, own) {
    const sum = Float64Array.from(own);
    for (let i = tree.n - 1; i > 0; i--) sum[tree.parent[i]] += sum[i];
    return sum;
}

// options: self (deriveSelf), matchRow, actionOfRow, collapse, order. result.origin: by node of `tree`,
// the node that it went into.
function deriveTree(names, tree, options) {
    const self = options.self || { weight: tree.selfWeight.slice(), count: tree.selfCount.slice() };
    deriveMask(tree, self, options.matchRow, options.actionOfRow);
    const sum = subtreeSums(tree, self.count);
    const links = new Links(names, tree.n);
    const into = new Uint32Array(tree.n);
    const run = new Uint16Array(tree.n);
    for (let i = 0; i < tree.n; i++) {
        if (sum[i] === 0 && i > 0) {
            i = tree.end[i] - 1;
            continue;
        }
        if (i > 0) deriveNode(links, tree, i, into, run, options);
        links.selfWeight[into[i]] += self.weight[i];
        links.selfCount[into[i]] += self.count[i];
    }
    const result = treeFromLinks(links, options.order);
    result.origin = into;
    for (let i = 0; i < into.length; i++) into[i] = result.place[into[i]];
    return result;
}

function deriveNode(links, tree, i, into, run, options) {
    const row = tree.row[i];
    const above = tree.parent[i];
    const target = into[above];
    const names = links.names;
    if (options.actionOfRow && options.actionOfRow[row] !== SHOW) {
        into[i] = target;
        run[i] = run[above];
        return;
    }
    const own = Math.max(1, tree.repeat[i]);
    if (options.collapse && target > 0 && names.rowFunc[links.row[target]] === names.rowFunc[row]) {
        into[i] = target;
        run[i] = run[above] + own;
    } else {
        into[i] = links.child(target, row);
        run[i] = own;
    }
    if (run[i] > links.repeat[into[i]]) links.repeat[into[i]] = run[i];
}

// Nodes of func that stand on no other node of it.
function outermost(names, tree, func) {
    const found = [];
    for (let i = 1; i < tree.n; ) {
        if (names.rowFunc[tree.row[i]] === func) {
            found.push(i);
            i = tree.end[i];
        } else {
            i++;
        }
    }
    return found;
}

// Grows links from below: each entry walks from its node to the root, one level of all entries at a time. Callers of
// nodes lighter than thin are left out; links.cut says whether there were any.
function climb(links, tree, entries, thin) {
    const { parent, row } = tree;
    const { node, at, weight, count } = entries;
    let alive = node.length;
    while (alive > 0) {
        const room = thin > 0 ? new Float64Array(links.n) : null;
        for (let i = 0; room && i < alive; i++) room[at[i]] += weight[i];
        let kept = 0;
        for (let i = 0; i < alive; i++) {
            const above = parent[node[i]];
            const cut = above !== 0 && room && room[at[i]] < thin;
            if (above === 0 || cut) {
                links.selfWeight[at[i]] += weight[i];
                links.selfCount[at[i]] += count[i];
                links.cut = links.cut || cut;
                continue;
            }
            at[kept] = links.child(at[i], row[above]);
            node[kept] = above;
            weight[kept] = weight[i];
            count[kept++] = count[i];
        }
        alive = kept;
    }
}

function climbEntries(nodes, weights, counts) {
    const entries = {
        node: Uint32Array.from(nodes), at: new Uint32Array(nodes.length),
        weight: new Float64Array(nodes.length), count: new Float64Array(nodes.length),
    };
    for (let i = 0; i < nodes.length; i++) {
        entries.weight[i] = weights(nodes[i]);
        entries.count[i] = counts(nodes[i]);
    }
    return entries;
}

const CLIMB_MANY = 5000; // up to so many paths are followed to their ends at once
const CLIMB_STEPS = 3000; // of more, those that are a part of this size of what is on the screen

// Callees up: the root's children are the functions that ran, above them their callers. Of very many paths the thin
// ones are left out; result.cut says so. What is there stands where it would stand anyway. fine, if given, is
// { thin, funcs }: functions whose callers are followed down to a smaller weight; thin 0 leaves nothing out.
function deriveInverted(names, tree, order, fine) {
    const links = new Links(names, 65536);
    const parts = [[], []];
    for (let i = 1; i < tree.n; i++) {
        if (tree.selfWeight[i] === 0 && tree.selfCount[i] === 0) continue;
        parts[fine && (!fine.funcs || fine.funcs[names.rowFunc[tree.row[i]]]) ? 1 : 0].push(i);
    }
    const coarse = parts[0].length > CLIMB_MANY ? tree.total[0] / CLIMB_STEPS : 0;
    for (const [leaves, thin] of [[parts[0], coarse], [parts[1], fine ? fine.thin : 0]]) {
        const entries = climbEntries(leaves, (i) => tree.selfWeight[i], (i) => tree.selfCount[i]);
        for (let i = 0; i < leaves.length; i++) entries.at[i] = links.child(0, tree.row[leaves[i]]);
        climb(links, tree, entries, thin);
    }
    links.selfWeight[0] += tree.selfWeight[0];
    links.selfCount[0] += tree.selfCount[0];
    return Object.assign(treeFromLinks(links, order), { cut: Boolean(links.cut) });
}

// The callers of a function; it is the root itself.
function deriveCallers(names, tree, func, order) {
    const links = new Links(names, 1024);
    const nodes = outermost(names, tree, func);
    if (nodes.length > 0) links.row[0] = tree.row[nodes[0]];
    const entries = climbEntries(nodes, (i) => tree.total[i], (i) => treeCount(tree, i));
    const whole = entries.weight.reduce((a, b) => a + b, 0);
    climb(links, tree, entries, nodes.length > CLIMB_MANY ? whole / (4 * CLIMB_STEPS) : 0);
    return Object.assign(treeFromLinks(links, order), { cut: Boolean(links.cut) });
}

// Everything that a function calls, wherever it was called from.
function deriveCallees(names, tree, func, order) {
    const links = new Links(names, 1024);
    const into = new Uint32Array(tree.n);
    for (const top of outermost(names, tree, func)) {
        links.row[0] = tree.row[top];
        for (let i = top; i < tree.end[top]; i++) {
            into[i] = i === top ? 0 : links.child(into[tree.parent[i]], tree.row[i]);
            links.selfWeight[into[i]] += tree.selfWeight[i];
            links.selfCount[into[i]] += tree.selfCount[i];
            links.repeat[into[i]] = Math.max(links.repeat[into[i]], tree.repeat[i]);
        }
    }
    return treeFromLinks(links, order);
}

const CHART_NODES_MAX = 3000000;

// In the order of time, thread by thread: equal stacks merge only with their neighbours. visits: list of
// { node, weight, count } of `tree` in that order.
function deriveChart(names, tree, visits) {
    const links = new Links(names, 4096);
    const openLink = new Uint32Array(tree.maxDepth + 1);
    const openNode = new Uint32Array(tree.maxDepth + 1).fill(NO_ROW);
    openNode[0] = 0;
    let level = 0;
    for (let v = 0; v < visits.n; v++) {
        const leaf = visits.node[v];
        const depth = tree.depth[leaf];
        const path = [];
        let node = leaf;
        while (tree.depth[node] > level || openNode[tree.depth[node]] !== node) {
            path.push(node);
            node = tree.parent[node];
        }
        level = tree.depth[node];
        if (links.n + path.length > CHART_NODES_MAX) path.length = 0;
        while (path.length > 0) {
            const next = path.pop();
            openLink[level + 1] = links.append(openLink[level], tree.row[next]);
            links.repeat[openLink[level + 1]] = tree.repeat[next];
            openNode[++level] = next;
        }
        const at = openLink[Math.min(depth, level)];
        links.selfWeight[at] += visits.weight[v];
        links.selfCount[at] += visits.count[v];
    }
    return treeFromLinks(links, 'given');
}
