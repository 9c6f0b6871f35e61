// SPDX-License-Identifier: MIT
// From the blocks in the page to the trees on the screen. Blocks are decoded when they are first needed, and
// a tree is made again only when what it depends on has changed.

class Model {
    static async open(facts, blockBytes) {
        const model = new Model();
        model.facts = facts;
        model.blockBytes = blockBytes;
        const [names, tree] = await Promise.all([blockBytes('names-data'), blockBytes('tree-data')]);
        model.names = namesRead(names);
        model.base = treeMeasure(treeRead(tree));
        model.kindOfRow = kindsOfRows(model.names, facts);
        if (facts.threads.length > 1) model.addGroups();
        model.memo = new Map();
        return model;
    }

    addGroups() {
        const { names, facts } = this;
        const own = names.rows;
        groupsAdd(names, facts.threads, facts.kinds.length);
        facts.kinds.push({ id: 'group', title: 'process', hint: 'a program, process or thread', letter: 'P', light: '#cfd4da', dark: '#464d57' });
        this.kindOfRow = groupLengthen(this.kindOfRow, names.rows - own).fill(facts.kinds.length - 1, own);
        this.groupFirst = groupFirst(facts.threads);
    }

    // The level at the root: none, program, process or thread.
    groupOf(state) {
        return this.names.groups ? state.group || this.groupFirst : 'none';
    }

    get unit() {
        return this.facts.unit;
    }

    async needTimes() {
        if (this.times || !this.facts.threads.length) return;
        const bytes = await this.blockBytes('times-data');
        if (bytes) this.times = timesRead(bytes, this.base.unit, this.base.exact);
        if (this.facts.recursive) await this.needMembers();
    }

    async needMembers() {
        if (this.members || !this.facts.recursive) return;
        this.members = membersRead(await this.blockBytes('members-data'), this.base);
        this.members.names = this.names;
    }

    async needSource() {
        if (this.source) return;
        const bytes = await this.blockBytes('source-data');
        this.source = bytes ? JSON.parse(new TextDecoder().decode(bytes)) : {};
    }

    // What state needs before tree() and views() can be called.
    async prepare(state) {
        if (state.thread || state.from >= 0 || state.order === 'time' || this.groupOf(state) !== 'none') await this.needTimes();
        if (state.recursion) await this.needMembers();
    }

    cached(slot, key, make) {
        const old = this.memo.get(slot);
        if (old && old.key === key) return old.value;
        const value = make();
        this.memo.set(slot, { key, value });
        return value;
    }

    // The whole tree with direct recursion collapsed, or frame by frame, apart for each group when that is wanted.
    full(state) {
        const group = this.times ? this.groupOf(state) : 'none';
        if (group === 'none') return this.joined(state.recursion);
        return this.cached('grouped', group + state.recursion, () =>
            groupTree(this.names, this.joined(state.recursion), this.times, this.placeOf(state.recursion), this.names.groups[group]));
    }

    joined(recursion) {
        if (!recursion || !this.members) return this.base;
        return this.cached('full', '', () => treeFromLinks(this.members, 'heavy'));
    }

    // By entry of the times, its node in joined().
    placeOf(recursion) {
        const { member } = this.times;
        if (recursion && this.members) {
            const { place } = this.joined(true);
            return (i) => place[member[i]];
        }
        const nodeOf = this.members && this.members.nodeOf;
        return nodeOf ? (i) => nodeOf[member[i]] : (i) => member[i];
    }

    // By entry of the times, its node in full().
    placeIn(full, recursion) {
        return full.entry ? (i) => full.entry[i] : this.placeOf(recursion);
    }

    keepThread(thread) {
        if (!thread) return () => true;
        const number = Number(thread.slice(1));
        if (thread[0] === 't') return (index) => index === number;
        const threads = this.facts.threads;
        return (index) => index < threads.length && threads[index].process === number;
    }

    search(state) {
        return this.cached('search', state.query + '\n' + state.regex, () => {
            const search = searchCompile(state.query, state.regex);
            if (!search || search.error) return search;
            const funcs = searchFuncs(this.names, search);
            return { funcs, rows: searchRows(this.names, funcs) };
        });
    }

    // The filtered call tree, before it is turned into a view.
    tree(state) {
        const search = state.only ? this.search(state) : null;
        const matchRow = search && search.rows;
        const filtered = (state.thread || state.from >= 0) && this.times;
        const order = state.order === 'name' ? 'name' : 'heavy';
        const key = [state.recursion, this.times && this.groupOf(state), state.kinds, order, filtered && [state.thread, state.from, state.to], matchRow && [state.query, state.regex]].join('|');
        return this.cached('tree', key, () => {
            const full = this.full(state);
            const actions = state.kinds ? stateKindActions(state.kinds, this.facts.kinds) : null;
            if (!filtered && !matchRow && !actions && order === 'heavy') return full;
            return deriveTree(this.names, full, {
                self: filtered ? this.selfOf(full, state) : null, matchRow, order, collapse: !state.recursion,
                actionOfRow: actions && this.kindOfRow.map((kind) => actions[kind]),
            });
        });
    }

    selfOf(full, state) {
        const to = state.to >= 0 ? state.to : Infinity;
        return deriveSelf(full, this.times, this.placeIn(full, state.recursion), this.keepThread(state.thread), state.from, to);
    }

    // { main, callers }: the trees to draw; callers only in the sandwich.
    views(state) {
        const tree = this.tree(state);
        const order = state.order === 'name' ? 'name' : 'heavy';
        if (state.view === 'inverted') return { main: this.inverted(tree, order) };
        if (state.view === 'sandwich' && state.func >= 0) {
            const made = this.cached('sandwich ' + state.func, tree, () => ({
                main: deriveCallees(this.names, tree, state.func, order),
                callers: deriveCallers(this.names, tree, state.func, order),
            }));
            return made;
        }
        if (state.order === 'time' && this.times) {
            return { main: this.cached('chart' + [state.thread, state.from, state.to], tree, () => this.chart(tree, state)) };
        }
        return { main: tree };
    }

    // As fine as this.fine (App.refine) asks for.
    inverted(tree, order) {
        const slot = this.memo.get('inverted');
        if (slot && slot.key === tree && slot.fine === this.fine) return slot.value;
        if (slot && slot.key !== tree) this.fine = null;
        const value = deriveInverted(this.names, tree, order, this.fine);
        this.memo.set('inverted', { key: tree, fine: this.fine, value });
        return value;
    }

    // Visits in the order of time. Entries lie by thread, then slice already.
    chart(tree, state) {
        const { times } = this;
        const keep = this.keepThread(state.thread);
        const place = this.placeIn(this.full(state), state.recursion);
        const origin = tree.origin;
        const visits = { n: 0, node: new Uint32Array(times.n), weight: new Float64Array(times.n), count: new Float64Array(times.n) };
        const sum = origin ? null : tree.total;
        for (let i = 0; i < times.n; i++) {
            if (times.slice[i] < state.from || (state.to >= 0 && times.slice[i] >= state.to) || !keep(times.thread[i])) continue;
            const from = place(i);
            const node = origin ? origin[from] : from;
            if (node === 0 && sum === null) continue;
            visits.node[visits.n] = node;
            visits.weight[visits.n] = times.weight[i];
            visits.count[visits.n++] = times.count[i];
        }
        return deriveChart(this.names, tree, visits);
    }

    totals(state) {
        const tree = this.tree(state);
        return this.cached('totals', tree, () => totalsOf(this.names, tree));
    }
}
