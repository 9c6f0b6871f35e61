// SPDX-License-Identifier: MIT
// Puts the parts together: one state, one update.

class App {
    // options, for a page with more than one graph: root, tools and tip (elements), awake() (whether keys and the address
    // are this graph's), painted(state); interval(from, to) and theme() where the page decides on them.
    constructor(model, options) {
        this.model = model;
        this.options = { root: byId('app'), tools: byId('head'), awake: () => true, painted: () => {}, interval: (from, to) => this.set({ from, to, zoom: '' }), theme: () => this.nextTheme(), ...options };
        this.root = this.options.root;
        this.state = stateParse(location.hash);
        this.focused = 0;
        this.dark = matchMedia('(prefers-color-scheme: dark)');
        const { facts, names } = model;
        const on = { hover: (...args) => this.hover(...args), pick: (node, event) => this.picked(node, event), zoom: (node) => this.zoom(node), window: () => this.windowMoved(), moved: () => this.refineSoon() };
        this.main = new FlameCanvas(names, on);
        this.upper = new FlameCanvas(names, { ...on, pick: (node) => this.pickUpper(node), zoom: (node) => node >= 0 && this.upper.zoomTo(node), window: () => {}, moved: () => {} }, this.main.font);
        this.bar = new Toolbar(model, {
            set: (changes) => this.set(changes), next: (step) => this.next(step), exportAs: (kind) => this.exportAs(kind),
            help: () => this.help(), theme: () => this.options.theme(), reset: () => this.reset(),
        });
        this.legend = new KindLegend(model, { kinds: (kinds) => this.set({ kinds, zoom: '' }) });
        this.table = new FunctionTable(model, { pick: (func) => this.pickFunc(func), sort: (key) => this.sort(key) });
        this.panel = new FramePanel(model, {
            zoom: (node) => this.zoom(node), sandwich: (func) => this.set({ func, view: 'sandwich', zoom: '' }), copy: (node) => this.copy(node),
            only: (func) => this.set({ query: '/^' + funcName(names, func).replace(/[.*+?^${}()|[\]\\]/g, '\\$&') + '$/', only: true, zoom: '' }),
            focus: (node) => this.focus(node, true),
        });
        this.mirror = new TreeMirror(model, { focus: (node) => this.focus(node, true) });
        this.strip = facts.times ? new TimeStrip(model, { interval: (from, to) => this.options.interval(from, to), thread: (thread) => this.set({ thread, zoom: '' }) }) : null;
        this.build();
    }

    build() {
        this.crumbs = h('nav', { id: 'crumbs', 'aria-label': 'Zoom' });
        this.status = h('p', { id: 'status' });
        this.tip = this.options.tip || h('div', { id: 'tip', hidden: true });
        const tab = (value, text) => h('button', { type: 'button', role: 'tab', id: 'tab-' + value, 'aria-controls': 'side-body', onclick: () => this.set({ tab: value }) }, text);
        this.tabs = [tab('graph', 'Graph'), tab('functions', 'Functions'), tab('frame', 'Frame')];
        this.tabs[0].classList.add('phone');
        this.tabs[0].onclick = () => this.root.classList.remove('sheet');
        this.side = h('div', { id: 'side-body', role: 'tabpanel' });
        this.upper.element.classList.add('upper');
        const graph = (this.graph = h('section', { id: 'graph', 'aria-label': 'Flame graph' }, this.crumbs, this.upper.element, this.main.element, this.legend.element));
        const side = h('aside', { id: 'side', 'aria-label': 'Functions and the chosen frame' }, h('div', { role: 'tablist', class: 'tabs' }, ...this.tabs), this.side);
        this.root.replaceChildren(...[this.bar.element, this.strip && this.strip.element, h('div', { id: 'body' }, graph, side), this.tip, this.mirror.element].filter(Boolean));
        this.options.tools.append(this.bar.tools);
        new ResizeObserver(() => this.resized()).observe(this.main.element);
        addEventListener('hashchange', () => this.hashChanged());
        this.dark.addEventListener('change', () => this.paint());
        for (const event of ['beforeprint', 'afterprint']) addEventListener(event, () => this.printed(event === 'beforeprint'));
        keysListen(this);
    }

    // ---- state ----

    set(changes) {
        Object.assign(this.state, changes);
        if (changes.tab) this.root.classList.add('sheet');
        return this.update();
    }

    // The address follows a little later, once for many keystrokes.
    saveState() {
        clearTimeout(this.saving);
        this.saving = setTimeout(() => {
            const text = stateText(this.state);
            if (this.options.awake() && location.hash.slice(1) !== text) history.replaceState(null, '', '#' + text);
        }, 200);
    }

    hashChanged() {
        if (!this.options.awake() || location.hash.slice(1) === stateText(this.state)) return;
        this.state = stateParse(location.hash);
        this.update();
    }

    reset() {
        this.state = { ...STATE_FIRST, theme: this.state.theme, channel: this.state.channel };
        this.bar.input.value = '';
        this.focused = 0;
        return this.update();
    }

    async update() {
        const turn = (this.turn = (this.turn || 0) + 1);
        await this.model.prepare(this.state);
        if (this.strip) await this.model.needTimes();
        if (turn !== this.turn) return;
        this.paint();
        this.saveState();
        if (!this.model.source) this.model.needSource().then(() => this.showFrame());
    }

    themeName() {
        return this.state.theme || (this.dark.matches ? 'dark' : 'light');
    }

    paint() {
        const { state, model } = this;
        this.setTheme();
        if (state.view === 'sandwich' && state.func < 0) state.func = totalsSorted(model.names, model.totals(state), 'self', true, null)[0] ?? -1;
        const search = model.search(state);
        const views = model.views(state);
        this.showTree(views, search && !search.error ? search : null);
        this.bar.update(state, search, this.foundText(search));
        this.legend.update(state);
        if (this.strip) this.strip.update(state, this.themeName());
        this.showSide(search && !search.error ? search : null);
        this.showCrumbs();
        this.options.painted(state);
    }

    setTheme() {
        const theme = this.themeName();
        document.documentElement.dataset.theme = theme;
        if (this.colourTheme === theme) return;
        this.colourTheme = theme;
        const { names, facts, kindOfRow } = this.model;
        const colours = colourTable(names, facts, kindOfRow, theme);
        for (const kind of facts.kinds) document.documentElement.style.setProperty('--k-' + kind.id, kind[theme]);
        for (const view of [this.main, this.upper]) {
            view.colours = colours;
            view.kindOfRow = kindOfRow;
            view.letters = facts.kinds.map((kind) => kind.letter);
        }
    }

    showTree(views, search) {
        const { state } = this;
        const sandwich = Boolean(views.callers);
        const changed = views.main !== this.main.tree || this.main.upward !== state.up;
        this.upper.element.hidden = !sandwich;
        this.graph.classList.toggle('sandwich', sandwich);
        if (changed) this.showMain(views.main, sandwich);
        if (sandwich && (views.callers !== this.upper.tree || changed)) {
            this.upper.show(views.callers, true);
            this.upper.rootLabel = this.main.rootLabel;
            this.upper.scrollToRoot();
        }
        this.zoomFromState(changed);
        this.match(search);
    }

    showMain(tree, sandwich) {
        this.main.show(tree, sandwich ? false : this.state.up);
        this.focused = 0;
        this.zoomed = '';
        this.main.canvas.setAttribute('aria-label', 'Flame graph of ' + formatCount(tree.n - 1) + ' frames. Arrow keys move from frame to frame.');
        if (!sandwich && this.state.func >= 0) {
            const node = this.heaviestOf(this.state.func);
            if (node > 0) this.focused = node;
        }
        this.main.focus(this.focused);
        if (sandwich) this.main.chosenFunc = -1;
    }

    zoomFromState(changed) {
        if (this.zoomed === this.state.zoom && !changed) return;
        this.zoomed = this.state.zoom;
        const node = treeFollow(this.main.tree, this.model.names, stateZoomFuncs(this.state.zoom));
        this.zoomNode = node;
        this.main.zoomTo(node);
    }

    match(search) {
        const rows = search ? search.rows : null;
        if (rows !== this.matchedRows || this.main.tree !== this.matchedTree) {
            this.matchedRows = rows;
            this.matchedTree = this.main.tree;
            this.found = rows ? searchTree(this.main.tree, rows) : null;
            this.matchAt = -1;
            this.main.setMatches(rows);
            if (!this.upper.element.hidden) this.upper.setMatches(rows);
        }
        this.main.schedule();
        if (!this.upper.element.hidden) this.upper.schedule();
    }

    foundText(search) {
        if (!search || search.error || !this.found) return '';
        if (this.main.tree.cut) return this.foundInAll(search);
        const whole = this.main.tree.total[0];
        const count = this.found.nodes.length;
        if (this.state.view === 'sandwich') return this.foundInAll(search);
        return formatPercent(this.found.weight, whole) + ' in ' + formatCount(count) + (count === 1 ? ' place' : ' places');
    }

    // In the sandwich and where thin paths are left out, matches are outside of the picture: the share is of all stacks.
    foundInAll(search) {
        const tree = this.model.tree(this.state);
        return formatPercent(searchTree(tree, (search.rows ? search : this.currentSearch()).rows).weight, tree.total[0]) + ' of all';
    }

    // ---- side ----

    showSide(search) {
        const { state } = this;
        this.tabs.forEach((tab) => tab.setAttribute('aria-selected', String(tab.id === 'tab-' + state.tab)));
        if (state.tab === 'functions') {
            this.table.update(state, this.model.totals(state), search);
            if (this.side.firstChild !== this.table.element) this.side.replaceChildren(this.table.element);
        } else {
            this.side.replaceChildren(this.panel.element);
            this.showFrame();
        }
    }

    showFrame() {
        if (this.state.tab !== 'frame') return;
        this.panel.show({ tree: this.main.tree, node: this.focused, totals: this.model.totals(this.state), view: this.state.view });
    }

    sort(key) {
        const { sort, down } = this.state;
        this.set({ sort: key, down: key === sort ? !down : true });
    }

    toTable() {
        this.set({ tab: 'functions' }).then(() => {
            const row = this.table.body.querySelector('tr[tabindex="0"]');
            if (row) row.focus();
        });
    }

    // ---- choosing ----

    heaviestOf(func) {
        const { tree } = this.main;
        const { names } = this.model;
        let best = 0;
        for (let i = 1; i < tree.n; i++) {
            if (names.rowFunc[tree.row[i]] === func && (best === 0 || tree.total[i] > tree.total[best])) best = i;
        }
        return best;
    }

    pickFunc(func) {
        if (this.state.view === 'sandwich') {
            this.set({ func, zoom: '' });
            return;
        }
        const node = this.heaviestOf(func);
        if (node > 0) this.focus(node, true, true);
    }

    picked(node, event) {
        if (node < 0) return;
        const again = node === this.focused && event && event.pointerType === 'touch';
        if (again) this.zoom(node);
        else this.focus(node, false);
    }

    pickUpper(node) {
        if (node <= 0) return;
        this.set({ func: this.model.names.rowFunc[this.upper.tree.row[node]], zoom: '' });
    }

    // stay: the side keeps its tab, as when the table drives the graph.
    focus(node, show, stay) {
        const { tree } = this.main;
        this.focused = node;
        const row = tree.row[node];
        const func = row === NO_ROW ? -1 : this.model.names.rowFunc[row];
        if (this.state.view !== 'sandwich') this.state.func = func;
        this.main.focus(node);
        if (show) this.makeVisible(node);
        this.mirror.update(tree, node);
        this.mirror.say(this.mirror.describe(tree, node));
        if (!stay && node > 0) this.state.tab = 'frame';
        this.saveState();
        if (stay) this.table.select(func);
        else this.showSide(this.currentSearch());
        this.showCrumbs();
    }

    currentSearch() {
        const search = this.model.search(this.state);
        return search && !search.error ? search : null;
    }

    // The window moves only when the frame is outside or thinner than can be seen.
    makeVisible(node) {
        const { tree, window } = this.main;
        const left = tree.x[node];
        const right = left + tree.total[node];
        const pixels = ((right - left) / (window.to - window.from)) * this.main.width;
        if (right <= window.from || left >= window.to || pixels < 3) this.main.setWindow(left - (right - left) * 2, right + (right - left) * 2);
        this.main.reveal(tree.depth[node], 2);
    }

    step(direction) {
        const { tree } = this.main;
        const node = this.focused;
        const deeper = this.main.upward ? 'up' : 'down';
        let next = node;
        if (direction === 'left' || direction === 'right') {
            const siblings = node > 0 ? treeChildren(tree, tree.parent[node]) : [];
            next = siblings[siblings.indexOf(node) + (direction === 'left' ? -1 : 1)];
        } else if (direction === deeper) {
            next = treeChildren(tree, node).reduce((best, i) => (best === undefined || tree.total[i] > tree.total[best] ? i : best), undefined);
        } else {
            next = tree.parent[node];
        }
        if (next !== undefined && next !== node) this.focus(next, true);
    }

    next(step) {
        if (!this.found || this.found.nodes.length === 0) return;
        const { tree } = this.main;
        if (!this.found.sorted) this.found.sorted = Uint32Array.from(this.found.nodes).sort((a, b) => tree.total[b] - tree.total[a] || a - b);
        const count = this.found.sorted.length;
        this.matchAt = (this.matchAt + step + count + (this.matchAt < 0 && step < 0 ? 1 : 0)) % count;
        this.focus(this.found.sorted[this.matchAt], true);
        const text = 'match ' + (this.matchAt + 1) + ' of ' + formatCount(count);
        this.bar.found.textContent = this.foundText({}) + ', ' + text;
    }

    // ---- zoom ----

    zoom(node) {
        if (node < 0) return;
        const { tree } = this.main;
        const funcs = treePath(tree, node).map((i) => this.model.names.rowFunc[tree.row[i]]);
        if (node > 0) this.focused = node;
        this.main.focus(this.focused);
        this.zoomNode = node;
        this.state.zoom = this.zoomed = stateZoomText(funcs);
        this.main.zoomTo(node);
        this.saveState();
        this.showCrumbs();
        this.mirror.say(node > 0 ? 'Zoomed to ' + this.mirror.describe(tree, node) : 'Zoomed out');
    }

    back() {
        if (this.zoomNode > 0) this.zoom(this.main.tree.parent[this.zoomNode]);
        else if (this.main.window.to - this.main.window.from < this.main.tree.total[0]) this.zoom(0);
        else this.focus(0, false, true);
    }

    scale(factor) {
        const { window, tree } = this.main;
        const focus = tree.x[this.focused] + tree.total[this.focused] / 2;
        const at = this.focused > 0 && focus > window.from && focus < window.to ? focus : (window.from + window.to) / 2;
        this.main.setWindow(at - (at - window.from) * factor, at + (window.to - at) * factor);
        this.windowMoved();
    }

    // Paths that were too thin to be followed are, once a smaller part fills the window.
    refineSoon() {
        if (!this.main.tree.cut || this.refining) return;
        this.refining = setTimeout(() => {
            this.refining = 0;
            if (this.main.tree.cut && this.state.view === 'inverted') this.refine();
        }, 80);
    }

    refine() {
        const { tree, window } = this.main;
        const { names } = this.model;
        const power = Math.floor(Math.log2(tree.total[0] / (window.to - window.from)));
        if (power < 1) return;
        const funcs = new Uint8Array(names.funcs);
        const tops = treeChildren(tree, 0).filter((i) => tree.x[i] < window.to && tree.x[i] + tree.total[i] > window.from);
        for (const node of tops) funcs[names.rowFunc[tree.row[node]]] = 1;
        const key = [power, tops.length, tree.row[tops[0]]].join();
        if (this.model.fine && this.model.fine.key === key) return;
        this.model.fine = { key, funcs, thin: tree.total[0] / 2 ** power / CLIMB_STEPS };
        const [focused, zoomed] = [this.focused, this.zoomNode || 0].map((node) => treePath(tree, node).map((i) => names.rowFunc[tree.row[i]]));
        const { main } = this.model.views(this.state);
        this.main.show(main, this.state.up);
        this.main.setWindow(window.from, window.to);
        this.focused = treeFollow(main, names, focused);
        this.zoomNode = treeFollow(main, names, zoomed);
        this.main.focus(this.focused);
        this.match(this.currentSearch());
        this.showSide(this.currentSearch());
        this.showCrumbs();
    }

    // After a free zoom the breadcrumb names the deepest frame that fills the window.
    windowMoved() {
        const { tree, window } = this.main;
        let node = 0;
        for (let depth = 1; depth <= tree.maxDepth; depth++) {
            const next = rowHit(tree, depth, window.from);
            if (next < 0 || tree.x[next] + tree.total[next] < window.to) break;
            node = next;
        }
        this.zoomNode = node;
        this.showCrumbs();
    }

    showCrumbs() {
        const { tree } = this.main;
        const { names } = this.model;
        const path = [0, ...treePath(tree, this.zoomNode || 0)];
        const shown = path.length > 9 ? [...path.slice(0, 3), -1, ...path.slice(-5)] : path;
        this.crumbs.replaceChildren(...shown.map((node) => (node < 0 ? h('span', {}, '…') : h('button', {
            type: 'button', class: 'link', title: rowName(names, tree.row[node]), 'aria-current': node === this.zoomNode ? 'true' : null, onclick: () => this.zoom(node),
        }, node === 0 ? this.rootText() : labelShort(rowName(names, tree.row[node]), 24).slice(0, 40)))));
        this.crumbs.append(h('span', { class: 'stretch' }), this.scopeText());
    }

    rootText() {
        const row = this.main.tree.row[0];
        return row === NO_ROW ? 'all' : rowName(this.model.names, row).slice(0, 60);
    }

    // What share of the profile is on the screen, when it is not all of it.
    scopeText() {
        const shown = this.main.tree.total[0];
        const whole = this.model.base.total[0];
        const inSandwich = this.state.view === 'sandwich' ? 'Callers above, callees below. Choose another function in the table. ' : '';
        const text = inSandwich + formatWeight(shown, this.model.unit) + (shown < whole * 0.9999 ? ', ' + formatPercent(shown, whole) + ' of the profile' : '') + (this.main.tree.cut ? '. Zoom in: thin paths show their callers then' : '');
        return h('small', {}, text);
    }

    // ---- the rest ----

    hover(node, event, view) {
        showTip(this.tip, this.model, view, node, event);
    }

    copy(node) {
        if (node > 0) exportCopy(exportStack(this.model.names, this.main.tree, node), (text) => this.mirror.say(text));
    }

    nextOrder() {
        const orders = this.model.facts.times ? ['heavy', 'name', 'time'] : ['heavy', 'name'];
        this.set({ order: orders[(orders.indexOf(this.state.order) + 1) % orders.length], zoom: '' });
    }

    nextGroup() {
        if (!this.bar.groups) return;
        const levels = [...this.bar.groups.options].map((option) => option.value);
        this.set({ group: levels[(levels.indexOf(this.model.groupOf(this.state)) + 1) % levels.length], zoom: '' });
    }

    // Paper shows the notes in full.
    printed(now) {
        const notes = byId('notes');
        if (notes && now) this.notesOpen = notes.open;
        if (notes) notes.open = now || this.notesOpen;
    }

    nextTheme() {
        this.set({ theme: this.themeName() === 'dark' ? 'light' : 'dark' });
    }

    help() {
        const dialog = keysHelp();
        document.body.append(dialog);
        dialog.showModal();
    }

    exportAs(kind) {
        const { title } = this.model.facts;
        if (kind === 'svg') exportDownload(exportFileName(title, '.svg'), 'image/svg+xml', exportSvg(this.main, this.model.names, title));
        else if (kind === 'folded') exportDownload(exportFileName(title, '.folded'), 'text/plain', exportFolded(this.model.names, this.wholeTree(), this.model.facts.kinds, this.model.kindOfRow));
        else print();
    }

    // What is shown, with the paths that are too thin to be drawn.
    wholeTree() {
        const { model, state } = this;
        return this.main.tree.cut ? deriveInverted(model.names, model.tree(state), state.order, { thin: 0 }) : this.main.tree;
    }

    resized() {
        if (!this.main.tree) return;
        this.main.resize();
        if (!this.upper.element.hidden) this.upper.resize();
        if (this.strip && this.model.times) this.strip.draw();
    }
}

// What is under the pointer, beside it.
function showTip(tip, model, view, node, event) {
    tip.hidden = node < 0 || !event;
    if (tip.hidden) return;
    const { tree } = view;
    const { names, facts, unit } = model;
    const row = tree.row[node];
    const kind = row === NO_ROW ? null : facts.kinds[model.kindOfRow[row]];
    const tier = row === NO_ROW ? '' : facts.tiers[names.rowFlags[row] >> 1];
    const whole = tree.total[0];
    tip.replaceChildren(h('b', {}, rowName(names, row) + (tree.repeat[node] > 1 ? '  ×' + tree.repeat[node] : '')),
        h('p', {}, formatPercent(tree.total[node], whole) + ' total, ' + formatPercent(tree.selfWeight[node], whole) + ' self, ' + formatWeight(tree.total[node], unit)),
        kind ? h('p', {}, kind.letter + '  ' + kind.title + (tier ? ', ' + tier : '') + '   ' + funcShortPlace(names, names.rowFunc[row])) : '');
    const box = tip.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, innerWidth - box.width - 8);
    const top = event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 18;
    tip.style.left = Math.max(4, left) + 'px';
    tip.style.top = Math.max(4, top) + 'px';
}
