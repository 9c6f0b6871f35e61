// SPDX-License-Identifier: MIT
// The hottest functions. A click on a row chooses the function in the graph.

const TABLE_STEP = 60;

class FunctionTable {
    // on: { pick(func), sandwich(func), sort(key) }
    constructor(model, on) {
        this.model = model;
        this.on = on;
        this.limit = TABLE_STEP;
        this.heads = { self: this.head('self', 'Self'), total: this.head('total', 'Total'), name: this.head('name', 'Function') };
        this.body = h('tbody');
        this.caption = h('caption');
        this.more = h('button', { type: 'button', class: 'more', onclick: () => this.showMore() });
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
        this.render();
    }

    showMore() {
        this.limit += 4 * TABLE_STEP;
        this.render();
    }

    render() {
        const shown = this.funcs.slice(0, this.limit);
        this.body.replaceChildren(...shown.map((func, i) => this.row(func, i)));
        this.more.hidden = this.funcs.length <= this.limit;
        this.more.textContent = 'Show more (' + formatCount(this.funcs.length - this.limit) + ' left)';
    }

    row(func, index) {
        const { names } = this.model;
        const { self, total, row, whole } = this.totals;
        const kind = this.model.facts.kinds[this.model.kindOfRow[row[func]]];
        const name = funcName(names, func);
        return h('tr', { 'data-func': func, 'aria-selected': String(func === this.state.func), tabindex: index === 0 || func === this.state.func ? 0 : -1 },
            this.share('self', self[func], whole), this.share('total', total[func], whole),
            h('td', { class: 'name', title: name + '\n' + (funcPlace(names, func) || funcModule(names, func)) },
                h('span', { class: 'kind k-' + kind.id, title: kind.title }, kind.letter),
                h('span', { class: 'what' }, h('span', { class: 'func' }, name), h('small', {}, funcShortPlace(names, func)))));
    }

    share(className, part, whole) {
        const cell = h('td', { class: className + ' number', title: formatWeight(part, this.model.unit) }, formatPercent(part, whole));
        cell.style.setProperty('--share', (whole > 0 ? (100 * part) / whole : 0).toFixed(1) + '%');
        return cell;
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
