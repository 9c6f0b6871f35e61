// SPDX-License-Identifier: MIT
// The kinds that occur, with colour, letter and share. A click goes round: shown, merged into the caller,
// hidden, shown.

const LEGEND_WORDS = ['shown', 'merged into callers', 'hidden'];

class KindLegend {
    // on: { kinds(text) }
    constructor(model, on) {
        this.model = model;
        this.on = on;
        this.element = h('div', { id: 'legend', role: 'group', 'aria-label': 'Kinds of code' });
        this.shares = this.count();
    }

    // Own weight of each kind in the whole profile, and whether it occurs at all.
    count() {
        const { names, kindOfRow, facts } = this.model;
        const totals = this.model.totals(STATE_FIRST);
        const weight = new Float64Array(facts.kinds.length);
        const present = new Uint8Array(facts.kinds.length);
        for (let row = 0; row < names.rows; row++) {
            weight[kindOfRow[row]] += totals.rowSelf[row];
            present[kindOfRow[row]] |= totals.rowSeen[row];
        }
        return { weight, present };
    }

    update(state) {
        if (this.shownKinds === state.kinds) return;
        this.shownKinds = state.kinds;
        const { kinds } = this.model.facts;
        const actions = stateKindActions(state.kinds, kinds);
        const shown = kinds.map((kind, i) => i).filter((i) => this.shares.present[i]);
        shown.sort((a, b) => this.shares.weight[b] - this.shares.weight[a]);
        const held = this.element.contains(document.activeElement) && document.activeElement.dataset.kind;
        this.element.replaceChildren(...shown.map((i) => this.chip(kinds, actions, i)));
        if (state.kinds) this.element.append(h('button', { type: 'button', class: 'reset', onclick: () => this.on.kinds('') }, 'Show all kinds'));
        const again = held && this.element.querySelector('[data-kind="' + held + '"]');
        if (again) again.focus();
    }

    chip(kinds, actions, i) {
        const kind = kinds[i];
        const next = (actions[i] + 1) % 3;
        const act = () => {
            const changed = actions.slice();
            changed[i] = next;
            this.on.kinds(stateKindText(changed, kinds));
        };
        return h('button', {
            type: 'button', class: 'chip ' + ['', 'merged', 'hidden'][actions[i]], 'data-kind': kind.id, onclick: act,
            'aria-label': kind.title + ', ' + LEGEND_WORDS[actions[i]],
            title: kind.hint + '. Now ' + LEGEND_WORDS[actions[i]] + '; click: ' + LEGEND_WORDS[next],
        }, h('span', { class: 'kind k-' + kind.id }, kind.letter), h('span', {}, kind.title),
        h('small', {}, actions[i] === SHOW ? formatPercent(this.shares.weight[i], this.model.base.total[0]) : ['', 'merged', 'hidden'][actions[i]]));
    }
}
