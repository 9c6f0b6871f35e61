// SPDX-License-Identifier: MIT
// One row of frames as pixels. The cost follows the pixels, not the nodes: whatever ends inside the pixel
// just painted is jumped over by a galloping search.

// First place k in [from, to) of the row index whose node ends behind `weight`; `to` when there is none.
function rowSeek(tree, from, to, weight) {
    const { rowNode, x, total } = tree;
    let step = 1;
    let low = from;
    let high = from;
    while (high < to && x[rowNode[high]] + total[rowNode[high]] <= weight) {
        low = high + 1;
        high += step;
        step *= 2;
    }
    if (high > to) high = to;
    while (low < high) {
        const middle = (low + high) >> 1;
        const node = rowNode[middle];
        if (x[node] + total[node] <= weight) low = middle + 1;
        else high = middle;
    }
    return low;
}

// paint(node, left, right) for boxes of a pixel and more, speck(k, next, pixel) for what shares one.
function rowWalk(tree, depth, window, pixels, paint, speck) {
    const { rowNode, rowStart, x, total } = tree;
    const scale = pixels / (window.to - window.from);
    const stop = rowStart[depth + 1];
    let k = rowSeek(tree, rowStart[depth], stop, window.from);
    while (k < stop) {
        const node = rowNode[k];
        if (x[node] >= window.to) return;
        const left = (x[node] - window.from) * scale;
        const right = left + total[node] * scale;
        if (right - left >= 1) {
            paint(node, Math.max(0, Math.round(left)), Math.min(pixels, Math.round(right)));
            k++;
            continue;
        }
        const pixel = Math.floor(left);
        const next = Math.max(k + 1, rowSeek(tree, k, stop, window.from + (pixel + 1) / scale));
        if (pixel >= 0 && pixel < pixels) speck(k, next, pixel);
        k = next;
    }
}

// Node at a weight in a row, or -1.
function rowHit(tree, depth, weight) {
    if (depth < 0 || depth > tree.maxDepth) return -1;
    const k = rowSeek(tree, tree.rowStart[depth], tree.rowStart[depth + 1], weight);
    if (k >= tree.rowStart[depth + 1]) return -1;
    const node = tree.rowNode[k];
    return tree.x[node] <= weight ? node : -1;
}
