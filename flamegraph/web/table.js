// SPDX-License-Identifier: MIT
// The hottest functions. A click on a row chooses the function in the graph.

const TABLE_STEP = 30;
const TABLE_NAME = 36; // characters; longer names lose their namespaces first

class FunctionTable {
    // on: { pick(func), sort(key) }
    constructor(model, on) {
        this.model = model;
        this.on = on;
        this.limit = TABLE_STEP;
        this.heads = { self: this.head('self', 'Self'), total: this.head('total', 'Total'), name: this.head('name', 'Function') };
        this.body = h('tbody');
        this.caption = h('caption');
        this.more = h('button', { type: 'button', class: 'more', onclick: () => this.showMore() });
        this.rows = [];
        this.element = h('div', { class: 'table' }, h('table', { id: 'functions' }, this.caption,
            h('thead', {}, h('tr', {}, ...Object.values(this.heads))), this.body), this.more);
        this.body.addEventListener('click', (event) => this.clicked(event));
        this.body.addEventListener('keydown', (event) => this.keyed(event));
    }

    head(key, text) {
        const button = h('button', { type: 'button', onclick: () => this.on.sort(key) }, text);
        return h('th', { scope: 'col', class: key }, button);
    }

    update(state, totals, search) {
        this.state = state;
        this.totals = totals;
        const keep = search && search.funcs;
        this.funcs = totalsSorted(this.model.names, totals, state.sort, state.down, keep);
        for (const [key, head] of Object.entries(this.heads)) {
            head.setAttribute('aria-sort', key !== state.sort ? 'none' : state.down === (key !== 'name') ? 'descending' : 'ascending');
        }
        this.caption.textContent = (keep ? 'Matching functions: ' : 'Functions: ') + formatCount(this.funcs.length);
        this.most = { self: totals.self.reduce((a, b) => Math.max(a, b), 0), total: totals.total.reduce((a, b) => Math.max(a, b), 0) };
        this.render();
    }

    showMore() {
        this.limit += 4 * TABLE_STEP;
        this.render();
    }

    // Rows are made once and filled anew, so that a keystroke in the search stays cheap.
    render() {
        const count = Math.min(this.funcs.length, this.limit);
        while (this.rows.length < count) this.rows.push(this.makeRow());
        for (let i = 0; i < count; i++) this.fillRow(this.rows[i], this.funcs[i], i);
        const shown = this.body.rows.length;
        for (let i = shown; i < count; i++) this.body.append(this.rows[i].element);
        for (let i = shown - 1; i >= count; i--) this.rows[i].element.remove();
        this.more.hidden = this.funcs.length <= this.limit;
        this.more.textContent = 'Show more (' + formatCount(this.funcs.length - this.limit) + ' left)';
    }

    makeRow() {
        const row = {
            self: h('td', { class: 'self number' }), total: h('td', { class: 'total number' }), kind: h('span'),
            func: h('span', { class: 'func' }), place: h('small'),
        };
        row.name = h('td', { class: 'name' }, h('div', {}, row.kind, h('span', { class: 'what' }, row.func, row.place)));
        row.element = h('tr', {}, row.self, row.total, row.name);
        return row;
    }

    fillRow(row, func, index) {
        const { names } = this.model;
        const chosen = func === this.state.func;
        row.element.setAttribute('aria-selected', String(chosen));
        row.element.tabIndex = index === 0 || chosen ? 0 : -1;
        if (row.filled === func && row.totals === this.totals) return;
        Object.assign(row, { filled: func, totals: this.totals });
        const kind = this.model.facts.kinds[this.model.kindOfRow[this.totals.row[func]]];
        const name = funcName(names, func);
        row.element.dataset.func = func;
        this.share(row.self, this.totals.self[func], this.most.self);
        this.share(row.total, this.totals.total[func], this.most.total);
        row.name.title = name + '\n' + (funcPlace(names, func) || funcModule(names, func));
        row.kind.className = 'kind k-' + kind.id;
        row.kind.title = kind.title;
        row.kind.textContent = kind.letter;
        row.func.textContent = labelShort(name, TABLE_NAME);
        row.place.textContent = funcShortPlace(names, func);
    }

    // The bar under a figure compares with the largest of its column.
    share(cell, part, most) {
        cell.textContent = formatPercent(part, this.totals.whole);
        cell.title = formatWeight(part, this.model.unit);
        cell.style.setProperty('--share', (most > 0 ? (100 * part) / most : 0).toFixed(1) + '%');
    }

    select(func) {
        this.state = { ...this.state, func };
        for (const row of this.body.rows) row.setAttribute('aria-selected', String(Number(row.dataset.func) === func));
    }

    clicked(event) {
        const row = event.target.closest('tr');
        if (row) this.on.pick(Number(row.dataset.func));
    }

    keyed(event) {
        const row = event.target.closest('tr');
        const next = { ArrowDown: row && row.nextElementSibling, ArrowUp: row && row.previousElementSibling }[event.key];
        if (next) next.focus();
        else if (event.key === 'Enter') this.on.pick(Number(row.dataset.func));
        else if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
        event.preventDefault();
        event.stopPropagation();
    }
}
