// SPDX-License-Identifier: MIT
// For screen readers: the surroundings of the chosen frame as a real tree, and what changes as words. The
// graph itself may have millions of frames; here are its callers' line, its siblings and 20 callees.

const MIRROR_MAX = 20;

class TreeMirror {
    // on: { focus(node) }
    constructor(model, on) {
        this.model = model;
        this.on = on;
        this.tree = h('ul', { role: 'tree', 'aria-label': 'Call tree around the chosen frame' });
        this.live = h('p', { 'aria-live': 'polite', id: 'live' });
        this.element = h('div', { class: 'unseen' }, this.tree, this.live);
    }

    say(text) {
        this.live.textContent = text;
    }

    describe(tree, node) {
        const siblings = treeChildren(tree, tree.parent[node]);
        const place = node === 0 ? '' : ', ' + (siblings.indexOf(node) + 1) + ' of ' + siblings.length;
        const repeat = tree.repeat[node] > 1 ? ', recursion ' + tree.repeat[node] + ' deep' : '';
        return rowName(this.model.names, tree.row[node]) + repeat + ', ' + formatPercent(tree.total[node], tree.total[0]) +
            ' total, ' + formatPercent(tree.selfWeight[node], tree.total[0]) + ' self' + place;
    }

    update(tree, node) {
        const callees = treeChildren(tree, node).sort((a, b) => tree.total[b] - tree.total[a]).slice(0, MIRROR_MAX);
        const own = this.item(tree, node, true, callees.length ? h('ul', { role: 'group' }, ...callees.map((i) => this.item(tree, i, false))) : null);
        if (node === 0) {
            this.tree.replaceChildren(own);
            return;
        }
        const siblings = treeChildren(tree, tree.parent[node]).slice(0, MIRROR_MAX).filter((i) => i !== node);
        const group = h('ul', { role: 'group' }, own, ...siblings.map((i) => this.item(tree, i, false)));
        this.tree.replaceChildren(this.item(tree, tree.parent[node], false, group));
    }

    item(tree, node, selected, group) {
        const attributes = {
            role: 'treeitem', tabindex: -1, 'aria-selected': String(selected), 'aria-level': tree.depth[node] + 1,
            'aria-label': this.describe(tree, node), onclick: (event) => {
                event.stopPropagation();
                this.on.focus(node);
            },
        };
        if (group) attributes['aria-expanded'] = 'true';
        return h('li', attributes, rowName(this.model.names, tree.row[node]), group);
    }
}
