// SPDX-License-Identifier: MIT
// The view as files: SVG and folded stacks; and a stack as text for the clipboard.

function exportDownload(name, type, parts) {
    const link = h('a', { href: URL.createObjectURL(new Blob(parts, { type })), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function exportFileName(title, ending) {
    const safe = title.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60) || 'profile';
    return safe + ending;
}

// Stacks of the tree, one line each: callers;callee weight. ';' in names becomes ',' and line ends ' '.
// Kinds that folded stacks can say are said: _[k] kernel, _[j] generated, _[i] inlined.
function exportFolded(names, tree, kinds, kindOfRow) {
    const marks = kinds.map((kind) => ({ kernel: '_[k]', jit: '_[j]', inlined: '_[i]' })[kind.id] || '');
    const parts = [];
    const open = [];
    for (let i = 0; i < tree.n; i++) {
        open.length = tree.depth[i];
        if (i > 0) open[tree.depth[i] - 1] = rowName(names, tree.row[i]).replace(/;/g, ',').replace(/\s+/g, ' ') + marks[kindOfRow[tree.row[i]]];
        const count = tree.selfCount[i];
        if (count > 0) parts.push((open.slice(0, tree.depth[i]).join(';') || '[no stack]') + ' ' + count + '\n');
    }
    return parts;
}

function xmlText(text) {
    return text.replace(/[&<>"']/g, (c) => '&#' + c.charCodeAt(0) + ';').replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
}

const SVG_WIDTH = 1200;
const SVG_ROW = 18;

// The window of a flame canvas as an SVG of its own, light or dark as on the screen.
function exportSvg(view, names, title) {
    const { tree, upward, colours } = view;
    const boxes = [];
    let deepest = 0;
    for (let depth = 0; depth <= tree.maxDepth; depth++) {
        const paint = (node, left, right) => {
            boxes.push([node, depth, left / 2, right / 2]);
            deepest = depth;
        };
        rowWalk(tree, depth, view.window, SVG_WIDTH * 2, paint, () => {});
    }
    const height = (deepest + 1) * SVG_ROW + 30;
    const parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="' + SVG_WIDTH + '" height="' + height +
        '" font-family="system-ui,sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="' + colours.theme.ground + '"/>\n' +
        '<text x="4" y="19" font-weight="bold" fill="' + colours.theme.text + '">' + xmlText(title) + '</text>\n'];
    for (const box of boxes) parts.push(svgBox(view, names, box, upward ? height - (box[1] + 1) * SVG_ROW : 30 + box[1] * SVG_ROW));
    parts.push('</svg>\n');
    return parts;
}

function svgBox(view, names, [node, , left, right], top) {
    const { tree, colours } = view;
    const pixel = view.pixelOf(node);
    const fill = '#' + [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255].map((v) => v.toString(16).padStart(2, '0')).join('');
    const room = right - left - 8;
    const label = room > 20 ? view.labelOf(node, room) : '';
    const matched = view.matchRows && tree.row[node] !== NO_ROW && view.matchRows[tree.row[node]];
    return '<g><title>' + xmlText(rowName(names, tree.row[node]) + ', ' + formatPercent(tree.total[node], tree.total[0])) + '</title>' +
        '<rect x="' + left.toFixed(1) + '" y="' + top + '" width="' + Math.max(0.5, right - left - 0.5).toFixed(1) + '" height="' + (SVG_ROW - 1) +
        '" fill="' + fill + '"/>' + (label ? '<text x="' + (left + 4).toFixed(1) + '" y="' + (top + 13) + '" fill="' +
        (matched ? colours.theme.matchText : colours.theme.text) + '">' + xmlText(label) + '</text>' : '') + '</g>\n';
}

// Leaf first, as debuggers print stacks.
function exportStack(names, tree, node) {
    return treePath(tree, node).reverse().map((i) => {
        const func = names.rowFunc[tree.row[i]];
        const place = funcPlace(names, func) || funcModule(names, func);
        return funcName(names, func) + (place ? ' (' + place + ')' : '');
    }).join('\n');
}

// Copies where the browser lets us, or shows the text selected.
async function exportCopy(text, say) {
    try {
        await navigator.clipboard.writeText(text);
        say('Copied.');
    } catch {
        const field = h('textarea', { readonly: true, rows: 12, 'aria-label': 'Text to copy' });
        field.value = text;
        const dialog = h('dialog', { class: 'copy' }, h('p', {}, 'Press Ctrl+C to copy.'), field,
            h('form', { method: 'dialog' }, h('button', {}, 'Close')));
        dialog.addEventListener('close', () => dialog.remove());
        document.body.append(dialog);
        dialog.showModal();
        field.select();
    }
}
