// SPDX-License-Identifier: MIT
// Everything about the chosen frame: figures, place, source lines, its stack, and what to do with it.

class FramePanel {
    // on: { zoom(node), sandwich(func), copy(node), only(func), focus(node) }
    constructor(model, on) {
        this.model = model;
        this.on = on;
        this.element = h('div', { class: 'frame' });
        this.empty();
    }

    empty() {
        this.element.replaceChildren(h('p', { class: 'hint' }, 'Click a frame, or move with the arrow keys, to see it here.'));
    }

    // where: { tree, node, totals, view }
    show(where) {
        const { tree, node } = where;
        const row = tree.row[node];
        if (row === NO_ROW) return this.empty();
        const { names, facts } = this.model;
        const func = names.rowFunc[row];
        const kind = facts.kinds[this.model.kindOfRow[row]];
        this.element.replaceChildren(...[
            h('h2', {}, funcName(names, func)),
            this.tags(row, kind, tree.repeat[node]),
            this.figures(where, func),
            this.actions(where, func),
            this.places(func),
            this.source(func, where.totals),
            this.stack(tree, node),
        ].filter(Boolean));
        return undefined;
    }

    tags(row, kind, repeat) {
        const { names, facts } = this.model;
        const own = facts.kinds[names.kind[names.rowFunc[row]]];
        const tier = facts.tiers[names.rowFlags[row] >> 1];
        const tag = (text, className) => h('span', { class: 'tag ' + (className || '') }, text);
        return h('p', { class: 'tags' },
            h('span', { class: 'tag kind k-' + kind.id }, kind.letter + '  ' + kind.title),
            own !== kind ? tag(own.title) : null, tier ? tag(tier) : null,
            repeat > 1 ? tag('recursion, ' + repeat + ' deep', 'strong') : null);
    }

    figures({ tree, node, totals, view }, func) {
        const { unit } = this.model;
        const whole = tree.total[0];
        const line = (label, weight, count) => h('tr', {}, h('th', { scope: 'row' }, label),
            h('td', { class: 'number' }, formatPercent(weight, whole)),
            h('td', { class: 'number' }, unit === 'count' ? '' : formatWeight(weight, unit)),
            h('td', { class: 'number' }, count === null ? '' : formatCount(count) + (count === 1 ? ' sample' : ' samples')));
        const rows = [line(view === 'inverted' ? 'this path' : 'this frame', tree.total[node], treeCount(tree, node))];
        if (view !== 'inverted') rows.push(line('itself', tree.selfWeight[node], tree.selfCount[node]));
        if (totals) rows.push(line('function', totals.total[func], null), line('its own code', totals.self[func], null));
        return h('table', { class: 'figures' }, h('tbody', {}, ...rows));
    }

    actions({ node }, func) {
        const button = (text, title, act) => h('button', { type: 'button', title, onclick: act }, text);
        return h('p', { class: 'actions' },
            button('Zoom', 'Make this frame as wide as the window (Enter)', () => this.on.zoom(node)),
            button('Callers & callees', 'Everything above and below this function (s)', () => this.on.sandwich(func)),
            button('Only these stacks', 'Show only stacks with this function', () => this.on.only(func)),
            button('Copy stack', 'Copy the stack as text (c)', () => this.on.copy(node)));
    }

    places(func) {
        const { names } = this.model;
        const list = h('dl');
        const add = (label, text) => text && list.append(h('dt', {}, label), h('dd', {}, text));
        add('file', funcPlace(names, func));
        add('module', funcModule(names, func));
        const system = names.string(names.system[func]);
        add('symbol', system && system !== funcName(names, func) ? system : '');
        const module = names.modules[names.module[func]];
        if (module && module.flags & 1) add('note', 'the file was replaced or removed while it ran');
        if (module && module.flags & 2) add('note', 'no symbols found for this module');
        return list;
    }

    // Lines with their share of the whole profile; the text is there when the file could be read.
    source(func, totals) {
        const found = this.model.source && this.model.source[func];
        if (!found || !totals) return null;
        const whole = this.model.base.total[0];
        const weights = new Map(found.lines.map((line) => [line[0], line]));
        const numbers = found.text ? found.text.map((_, i) => found.from + i) : found.lines.map((line) => line[0]);
        let most = 0;
        for (const line of found.lines) most = Math.max(most, line[3]);
        const body = numbers.map((number) => this.sourceLine(number, weights.get(number), found, whole, most));
        const note = found.text ? '' : 'The file could not be read when the report was written.';
        return h('section', { class: 'source' }, h('h3', {}, 'Source lines'),
            h('div', { class: 'scroll', tabindex: 0 }, h('table', {}, h('tbody', {}, ...body))), note ? h('p', { class: 'hint' }, note) : null);
    }

    sourceLine(number, line, found, whole, most) {
        const share = line ? line[3] / whole : 0;
        const cell = h('td', { class: 'number heat' }, line ? formatPercent(line[3], whole) : '');
        cell.style.setProperty('--heat', most > 0 && line ? (0.12 + (0.55 * line[3]) / most).toFixed(2) : '0');
        const text = found.text ? found.text[number - found.from] : '';
        return h('tr', { class: share > 0 ? 'hot' : '' }, cell, h('td', { class: 'number line' }, number > 0 ? String(number) : '?'),
            h('td', { class: 'code' }, text));
    }

    stack(tree, node) {
        const { names } = this.model;
        const item = (i) => h('li', {}, h('button', { type: 'button', class: 'link', onclick: () => this.on.focus(i) }, rowName(names, tree.row[i])),
            h('small', {}, ' ' + formatPercent(tree.total[i], tree.total[0])));
        const path = treePath(tree, node);
        const shown = path.slice(-200).reverse();
        return h('section', { class: 'stack' }, h('h3', {}, 'Stack'), h('ol', {}, ...shown.map(item)),
            path.length > shown.length ? h('p', { class: 'hint' }, '… ' + (path.length - shown.length) + ' more') : null);
    }
}
