// SPDX-License-Identifier: MIT
// The doctor's page: one selection of time for all its charts, graphs and figures.

const CHANNEL_WORDS = {
    cpu: ['CPU', 'Stacks that ran, by time on the CPU'],
    wait: ['Waiting', 'Stacks that waited, by time; at their end stands what for'],
    tasks: ['Goroutines', 'Stacks in which goroutines waited, by their time; at their end stands what for'],
    faults: ['Memory growth', 'Stacks that touched memory for the first time, by bytes'],
};

class Doctor {
    constructor(data, charts) {
        this.data = data;
        this.selected = null;
        this.models = new Map();
        this.explorers = new Map();
        this.tip = h('div', { id: 'tip', hidden: true });
        this.dark = matchMedia('(prefers-color-scheme: dark)');
        this.theme = stateParse(location.hash).theme;
        this.charts = new Charts(charts, data.runNs, { select: (from, to) => this.select(from, to) });
        this.focuses = [...document.querySelectorAll('.focus')].map((section) => ({ section, finding: data.findings[Number(section.dataset.finding)] }));
        document.body.append(this.tip);
        this.selection = this.selectionBar();
        document.body.append(this.selection.element);
        byId('top').append(h('button', { type: 'button', class: 'theme icon', title: 'Dark or light', 'aria-label': 'Dark or light', onclick: () => this.nextTheme() }, '◐'));
        this.addCopies();
        this.addPicks();
        this.openTargets();
        this.setTheme();
        this.dark.addEventListener('change', () => this.setTheme());
    }

    // ---- parts ----

    model(channel) {
        if (!this.models.has(channel)) {
            const tail = channel === 'cpu' ? '' : '-' + channel;
            const facts = JSON.parse(byId('facts-data' + tail).textContent);
            this.models.set(channel, Model.open(facts, (id) => blockBytes(id + tail)).then(async (model) => {
                model.zeroNs = this.data.channels.find(({ id }) => id === channel).zeroNs;
                await model.needTimes();
                return model;
            }));
        }
        return this.models.get(channel);
    }

    // Graphs of findings are made when they come near the window, and made again only while they are there.
    watchFocuses() {
        const watcher = new IntersectionObserver((entries) => {
            for (const entry of entries) {
                const focus = this.focuses.find(({ section }) => section === entry.target);
                focus.near = entry.isIntersecting;
                if (focus.near) this.updateFocus(focus);
            }
        }, { rootMargin: '400px' });
        for (const { section } of this.focuses) watcher.observe(section);
    }

    async updateFocus(focus) {
        const turn = (focus.turn = (focus.turn || 0) + 1);
        const model = await this.model(focus.finding.channel);
        if (turn !== focus.turn || focus.shown === this.selected) return;
        focus.graph = focus.graph || new FocusGraph(focus.section, focus.finding, model, {
            slices: (of) => this.slices(of), open: (finding, of) => this.open(finding, of), tip: this.tip, theme: () => this.themeName(),
        });
        focus.shown = this.selected;
        focus.graph.update();
    }

    addCopies() {
        for (const box of document.querySelectorAll('.command')) {
            const button = h('button', { type: 'button', onclick: () => exportCopy(box.querySelector('code').textContent, (text) => this.copied(button, text)) }, 'Copy');
            box.append(button);
        }
    }

    // A link to what is folded opens it.
    openTargets() {
        document.addEventListener('click', (event) => {
            const link = event.target.closest('a[href^="#finding-"]');
            const details = link && byId(link.getAttribute('href').slice(1)).querySelector('details');
            if (details) details.open = true;
        });
    }

    copied(button, text) {
        button.textContent = text.replace('.', '');
        this.selection.live.textContent = text;
        setTimeout(() => (button.textContent = 'Copy'), 2000);
    }

    // The marked times of a finding, one after the other.
    addPicks() {
        document.querySelectorAll('.finding').forEach((card) => {
            const { intervals } = this.data.findings[Number(card.dataset.finding)];
            const head = card.querySelector('.evidence h4');
            if (!head || intervals.length === 0) return;
            let at = -1;
            const label = () => (intervals.length === 1 ? 'Select it' : at < 0 ? 'Select the first of ' + intervals.length : 'Select the next (' + (at + 1) + ' of ' + intervals.length + ' shown)');
            const button = h('button', { type: 'button', class: 'pick', onclick: () => {
                at = (at + 1) % intervals.length;
                button.textContent = label();
                this.select(...intervals[at].map((part) => (part / 1e6) * this.data.runNs));
            } }, label());
            head.append(button);
        });
        const hint = h('small', { class: 'select-hint' }, 'Drag over a chart to see a part of the run alone');
        if (byId('run-title')) byId('run-title').append(hint);
    }

    // ---- the chosen time ----

    selectionBar() {
        const field = (label) => h('input', { type: 'number', min: 0, step: 'any', inputmode: 'decimal', 'aria-label': label, onchange: () => this.typed() });
        const from = field('Selected time from, in seconds');
        const to = field('to, in seconds');
        const live = h('span', { class: 'unseen', 'aria-live': 'polite' });
        const element = h('section', { id: 'selection', hidden: true, 'aria-label': 'Selected time' }, h('b', {}, 'Only'), h('label', {}, from, ' to '), h('label', {}, to, ' s'),
            h('button', { type: 'button', onclick: () => this.select(-1, -1) }, 'Whole run'));
        document.body.append(live);
        return { element, from, to, live };
    }

    typed() {
        const [from, to] = [this.selection.from, this.selection.to].map((field) => Number(field.value) * 1e9);
        if (to > from) this.select(from, to);
    }

    // Nanoseconds from the run's start; -1: the whole run. `by`: the graph that asked, which knows already.
    select(from, to, by) {
        this.selected = from < 0 ? null : { from: Math.max(0, from), to: Math.min(this.data.runNs, to) };
        const { element, from: first, to: last, live } = this.selection;
        element.hidden = !this.selected;
        if (this.selected) [first.value, last.value] = [this.selected.from, this.selected.to].map((ns) => String(Number((ns / 1e9).toPrecision(5))));
        live.textContent = this.selected ? 'Selected ' + first.value + ' to ' + last.value + ' seconds' : 'The whole run';
        this.charts.showSelection(this.selected);
        for (const focus of this.focuses) if (focus.near) this.updateFocus(focus);
        if (this.explorer && this.explorer !== by) this.selectIn(this.explorer);
    }

    // The selection in slices of a channel's own times; -1: from the start, to the end.
    slices(model) {
        const { times, zeroNs } = model;
        if (!this.selected || !times || times.sliceNs === 0) return [-1, Infinity];
        const { from, to } = this.selected;
        return [Math.max(0, Math.floor((from - zeroNs) / times.sliceNs)), Math.max(0, Math.ceil((to - zeroNs) / times.sliceNs))];
    }

    selectIn(app) {
        const [from, to] = this.slices(app.model);
        app.known = from < 0 ? '-1 -1' : from + ' ' + to;
        return app.set({ from, to: from < 0 ? -1 : to, zoom: '' });
    }

    // The graph's own strip, its keys and the address can choose a time too.
    selectedIn(app, from, to) {
        app.known = from + ' ' + to;
        const { zeroNs, times } = app.model;
        const at = (slice) => zeroNs + slice * (times ? times.sliceNs : 0);
        this.select(from < 0 ? -1 : at(from), from < 0 ? -1 : to < 0 ? this.data.runNs : at(to), app);
    }

    // ---- the whole graph ----

    explore() {
        this.root = h('div', { class: 'explorer' });
        const channels = this.data.channels.map(({ id }) => [id, ...CHANNEL_WORDS[id]]);
        this.switch = segmented('What the graph shows', channels, (id) => this.show(id));
        this.bar = h('div', { class: 'explore' }, channels.length > 1 ? this.switch.element : h('span', {}, CHANNEL_WORDS[channels[0][0]][1]));
        byId('static').after(this.bar, this.root);
        const wanted = stateParse(location.hash).channel || 'cpu';
        return this.show(channels.some(([id]) => id === wanted) ? wanted : channels[0][0], true);
    }

    async show(id, first) {
        const model = await this.model(id);
        this.switch.update(id);
        if (this.explorer) this.explorer.bar.tools.remove();
        const old = this.explorers.get(id);
        const app = old || this.newExplorer(id, model, first);
        this.root.replaceChildren(app.root);
        this.bar.append(app.bar.tools);
        this.explorer = app;
        app.state.theme = this.theme;
        if (first) await app.update();
        else await this.selectIn(app);
        app.resized();
        return app;
    }

    newExplorer(id, model, first) {
        const app = new App(model, {
            root: h('div', { id: 'app' }), tools: this.bar, tip: this.tip,
            awake: (target) => this.explorer === app && (!target || app.root.contains(target) || this.bar.contains(target)),
            interval: (from, to) => this.selectedIn(app, from, to) || app.set({ from, to, zoom: '' }),
            theme: () => this.nextTheme(),
            painted: (state) => {
                const now = state.from + ' ' + state.to;
                if (now !== (app.known || '-1 -1')) this.selectedIn(app, state.from, state.to);
                if (state.theme !== this.theme) this.setTheme(state.theme);
            },
        });
        if (!first) app.state = { ...STATE_FIRST };
        app.state.channel = id === 'cpu' ? '' : id;
        this.explorers.set(id, app);
        return app;
    }

    // The guilty stacks of a finding with everything that the whole graph can do.
    async open(finding, model) {
        const app = await this.show(finding.channel);
        const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
        const funcs = finding.guilty.filter(([func]) => func >= 0).map(([func]) => escape(funcName(model.names, func)));
        const thread = finding.thread >= 0 ? 't' + finding.thread : finding.process > 0 ? 'p' + finding.process : '';
        await app.set({ query: funcs.length ? '/^(' + funcs.join('|') + ')$/' : '', only: funcs.length > 0, thread, zoom: '' });
        byId('whole').scrollIntoView();
        app.main.canvas.focus({ preventScroll: true });
    }

    // ---- light and dark ----

    themeName() {
        return this.theme || (this.dark.matches ? 'dark' : 'light');
    }

    nextTheme() {
        this.setTheme(this.themeName() === 'dark' ? 'light' : 'dark');
    }

    setTheme(theme = this.theme) {
        this.theme = theme;
        document.documentElement.dataset.theme = this.themeName();
        if (this.explorer && this.explorer.state.theme !== theme) this.explorer.set({ theme });
        for (const { graph } of this.focuses) if (graph) graph.paint();
    }
}

// The whole graph is far below the answer: it is made when the browser has painted and has nothing else to do.
const idle = () => new Promise((done) => (window.requestIdleCallback ? requestIdleCallback(done, { timeout: 1000 }) : setTimeout(done, 100)));

async function start() {
    const data = JSON.parse(byId('doctor-data').textContent);
    const charts = JSON.parse(new TextDecoder().decode(await blockBytes('charts-data')));
    const doctor = new Doctor(data, charts);
    window.profDoctor = doctor;
    doctor.watchFocuses();
    document.documentElement.dataset.ready = 'true';
    await idle();
    if (data.channels.length > 0) await doctor.explore();
    document.documentElement.dataset.explored = 'true';
}

start().catch(bootFailed);
