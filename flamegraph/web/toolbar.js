// SPDX-License-Identifier: MIT
// The controls above the graph. What a profile cannot offer (times, threads, recursion) has no control.

function segmented(label, choices, pick) {
    const buttons = choices.map(([value, text, title]) => h('button', { type: 'button', title, 'data-value': value, onclick: () => pick(value) }, text));
    const element = h('div', { class: 'segmented', role: 'group', 'aria-label': label }, ...buttons);
    const update = (value) => buttons.forEach((b) => b.setAttribute('aria-pressed', String(b.dataset.value === value)));
    return { element, update };
}

function toggle(text, title, act) {
    return h('button', { type: 'button', class: 'toggle', title, 'aria-label': title.replace(/ \(.\)$/, ''), 'aria-pressed': 'false', onclick: act }, ...(Array.isArray(text) ? wordy(...text) : [text]));
}

// The word goes where a search needs the room.
function wordy(sign, word) {
    return [sign, h('span', { class: 'word' }, word)];
}

class Toolbar {
    // on: { set(changes), next(step), exportAs(kind), help(), theme(), reset() }
    constructor(model, on) {
        this.model = model;
        this.on = on;
        const { facts } = model;
        this.view = segmented('View', [['graph', 'Graph', 'Callers above callees (1)'], ['inverted', 'Inverted', 'What ran, with its callers (2)'],
            ['sandwich', 'Sandwich', 'Callers and callees of the chosen function (3)']], (view) => on.set({ view, zoom: '' }));
        const orders = [['heavy', 'Left-heavy', 'Heaviest first: the hottest path is at the left'], ['name', 'Merged', 'By name: the same place in every profile']];
        if (facts.times) orders.push(['time', 'Time order', 'As it ran, from left to right; equal neighbours merge']);
        this.order = segmented('Order', orders, (order) => on.set({ order, zoom: '' }));
        this.threads = facts.threads.length > 1 ? this.threadList() : null;
        this.groups = facts.threads.length > 1 ? this.groupList() : null;
        this.up = toggle(['⇅', 'Flip'], 'Root at the bottom: flames grow upwards (r)', () => on.set({ up: this.up.getAttribute('aria-pressed') !== 'true' }));
        this.recursion = facts.recursive ? toggle(['×n', 'Unfold'], 'Draw each level of a function that calls itself (x)',
            () => on.set({ recursion: this.recursion.getAttribute('aria-pressed') !== 'true', zoom: '' })) : null;
        this.menu = this.exportMenu();
        this.element = h('div', { id: 'bar', role: 'toolbar', 'aria-label': 'Graph' }, this.searchBox(), this.view.element, this.order.element,
            this.groups, this.threads, this.up, this.recursion, h('span', { class: 'stretch' }),
            h('button', { type: 'button', onclick: () => on.reset(), title: 'Back to the first view (0)', 'aria-label': 'Reset the view', class: 'icon' }, ...wordy('↺', 'Reset')));
        this.tools = h('div', { id: 'tools' }, this.menu, h('button', { type: 'button', class: 'icon', onclick: () => on.theme(), title: 'Dark or light (d)', 'aria-label': 'Dark or light' }, ...wordy('◐', 'Theme')),
            h('button', { type: 'button', class: 'icon', onclick: () => on.help(), title: 'Keys (?)', 'aria-label': 'Keys' }, ...wordy('?', 'Keys')));
    }

    searchBox() {
        this.input = h('input', {
            type: 'search', id: 'search', placeholder: 'Search functions', 'aria-label': 'Search functions', spellcheck: 'false', autocomplete: 'off',
            title: 'Text, or /pattern/; file:NAME and module:NAME look there (/)', oninput: () => this.on.set({ query: this.input.value }),
            onkeydown: (event) => this.searchKey(event),
        });
        this.regex = toggle('.*', 'The text is a regular expression', () => this.on.set({ regex: this.regex.getAttribute('aria-pressed') !== 'true' }));
        this.found = h('output', { for: 'search', 'aria-live': 'polite' });
        this.previous = h('button', { type: 'button', class: 'icon', 'aria-label': 'Previous match', title: 'Previous match (N)', onclick: () => this.on.next(-1) }, '‹');
        this.following = h('button', { type: 'button', class: 'icon', 'aria-label': 'Next match', title: 'Next match (n)', onclick: () => this.on.next(1) }, '›');
        this.only = toggle('Only', 'Show only stacks with a match (o)', () => this.on.set({ only: this.only.getAttribute('aria-pressed') !== 'true', zoom: '' }));
        return h('div', { class: 'search', role: 'search' }, this.input, this.regex, this.found, this.previous, this.following, this.only);
    }

    searchKey(event) {
        if (event.key === 'Enter') this.on.next(event.shiftKey ? -1 : 1);
        else if (event.key === 'Escape') {
            this.on.set({ query: '', only: false });
            this.input.blur();
        } else return;
        event.preventDefault();
        event.stopPropagation();
    }

    threadList() {
        const { threads } = this.model.facts;
        const select = h('select', { 'aria-label': 'Thread', title: 'Process or thread', onchange: () => this.on.set({ thread: select.value, zoom: '' }) },
            h('option', { value: '' }, 'All threads'));
        const groups = new Map();
        threads.forEach((thread, index) => {
            if (!groups.has(thread.process)) groups.set(thread.process, h('optgroup', { label: (thread.program || 'process') + ' ' + thread.pid },
                h('option', { value: 'p' + thread.process }, 'Process ' + thread.pid + ' ' + thread.program)));
            groups.get(thread.process).append(h('option', { value: 't' + index }, (thread.name || 'thread') + ' ' + thread.tid));
        });
        select.append(...groups.values());
        return select;
    }

    groupList() {
        const { threads } = this.model.facts;
        const select = h('select', { 'aria-label': 'Level at the root', title: 'What stands at the root of the graph (g)', onchange: () => this.on.set({ group: select.value, zoom: '' }) },
            h('option', { value: 'none' }, 'Not split'));
        const add = (by, text) => groupCount(threads, by) > 1 && select.append(h('option', { value: by }, text));
        add('program', 'By program');
        add('process', 'By process');
        add('thread', 'By thread');
        return select;
    }

    exportMenu() {
        const item = (text, kind) => h('button', { type: 'button', onclick: () => {
            this.menu.open = false;
            this.on.exportAs(kind);
        } }, text);
        return h('details', { class: 'menu' }, h('summary', { title: 'Save what is shown' }, 'Export'),
            h('div', {}, item('SVG picture', 'svg'), item('Folded stacks', 'folded'), item('Print', 'print')));
    }

    update(state, search, found) {
        if (document.activeElement !== this.input) this.input.value = state.query;
        const press = (button, on) => button && button.setAttribute('aria-pressed', String(on));
        this.view.update(state.view);
        this.order.update(state.order);
        if (this.threads) this.threads.value = state.thread;
        if (this.groups) this.groups.value = this.model.groupOf(state);
        press(this.up, state.up);
        press(this.recursion, state.recursion);
        press(this.regex, state.regex);
        press(this.only, state.only);
        const active = Boolean(search && !search.error);
        this.element.classList.toggle('searching', active);
        for (const button of [this.previous, this.following, this.only]) button.hidden = !active;
        this.input.setAttribute('aria-invalid', String(Boolean(search && search.error)));
        this.found.className = search && search.error ? 'error' : '';
        this.found.textContent = !search ? '' : search.error || found;
    }
}
