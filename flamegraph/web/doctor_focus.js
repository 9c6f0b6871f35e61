// SPDX-License-Identifier: MIT
// The graph of one finding: its guilty stacks alone, on its threads, in the chosen time. What is guilty was said by
// the diagnosis; here it is only looked up again, so that an interval can be chosen.

// By node of the whole tree, one bit for each guilty function that it stands on, itself included.
function focusBits(names, tree, guilty) {
    const bitsOfFunc = new Uint32Array(names.funcs);
    guilty.forEach(([func], k) => {
        if (func >= 0) bitsOfFunc[func] |= 1 << k;
    });
    const bits = new Uint32Array(tree.n);
    for (let i = 1; i < tree.n; i++) bits[i] = bits[tree.parent[i]] | bitsOfFunc[names.rowFunc[tree.row[i]]];
    return bits;
}

// By function, those of the guilty whose blame is for this very wait, or for no wait at all.
function focusWaits(names, guilty) {
    const any = guilty.reduce((bits, [, on], k) => (on === '' ? bits | (1 << k) : bits), 0);
    const waits = new Uint32Array(names.funcs).fill(any);
    if (guilty.every(([, on]) => on === '')) return waits;
    for (let f = 0; f < names.ownFuncs; f++) {
        const system = names.string(names.system[f]);
        guilty.forEach(([, on], k) => {
            if (on !== '' && on === system) waits[f] |= 1 << k;
        });
    }
    return waits;
}

// { tree, whole, part, shares }: the guilty stacks, the weight of all stacks in question, and each guilty one's part.
function focusTree(model, finding, from, to) {
    const { names, base } = model;
    const { guilty } = finding;
    const keep = (index) => (finding.thread >= 0 ? index === finding.thread : finding.process === 0 || (index < model.facts.threads.length && model.facts.threads[index].process === finding.process));
    const self = model.times ? deriveSelf(base, model.times, model.placeOf(false), keep, from, to) : { weight: base.selfWeight.slice(), count: base.selfCount.slice() };
    const bits = focusBits(names, base, guilty);
    const waits = focusWaits(names, guilty);
    const shares = guilty.map(() => 0);
    let whole = 0;
    for (let i = 0; i < base.n; i++) {
        whole += self.weight[i];
        if (guilty.length === 0 || self.count[i] === 0) continue;
        const found = i > 0 ? bits[i] & waits[names.rowFunc[base.row[i]]] : 0;
        for (let k = 0; k < guilty.length; k++) if (found & (1 << k)) shares[k] += self.weight[i];
        if (!found) self.weight[i] = self.count[i] = 0;
    }
    const tree = deriveTree(names, base, { self, order: 'heavy', collapse: true });
    return { tree, whole, part: tree.total[0], shares };
}

const FOCUS_ROWS = 20;
const FOCUS_CALLERS = 3;

class FocusGraph {
    // section: the finding's part of the page. on: { slices(model), open(finding), tip, theme() }
    constructor(section, finding, model, on) {
        Object.assign(this, { section, finding, model, on });
        this.picture = section.querySelector('.picture');
        this.share = section.querySelector('.focus-share');
        this.shareText = [...this.share.childNodes].map((child) => child.cloneNode(true));
        this.cells = [...section.closest('.finding').querySelectorAll('.guilty tr')];
        this.view = new FlameCanvas(model.names, {
            hover: (node, event, view) => showTip(on.tip, model, view, node, event),
            pick: (node) => this.choose(node), zoom: (node) => node >= 0 && this.view.zoomTo(node), window: () => {}, moved: () => {},
        });
        this.view.kindOfRow = model.kindOfRow;
        this.view.letters = model.facts.kinds.map((kind) => kind.letter);
        this.none = h('p', { class: 'none', hidden: true }, 'None of these stacks was seen in the chosen time.');
        this.live = h('div', { class: 'picture live-picture' }, this.view.element, this.none);
        this.said = h('p', { class: 'unseen', 'aria-live': 'polite' });
        this.picture.classList.add('printed');
        this.picture.after(this.live, this.said);
        const row = h('div', { class: 'row' });
        this.share.replaceWith(row);
        row.append(this.share, h('button', { type: 'button', class: 'pick', onclick: () => on.open(finding, model) }, 'Open in the whole graph'));
        this.view.canvas.addEventListener('keydown', (event) => this.key(event));
        new ResizeObserver(() => this.view.tree && this.view.resize()).observe(this.live);
    }

    update() {
        const { model, view } = this;
        const [from, to] = this.on.slices(model);
        const found = focusTree(model, this.finding, from, to);
        const chosen = from >= 0;
        this.none.hidden = found.part > 0;
        view.element.hidden = found.part === 0;
        this.paint();
        if (found.part > 0) this.show(found.tree);
        this.say(found, chosen);
    }

    // Opens a few rows above the guilty frame: what stands over it is the same in every stack, and a scroll away, as
    // are rows that hold nothing but specks.
    show(tree) {
        const { view } = this;
        const first = this.firstGuilty(tree);
        const skip = Math.max(0, tree.depth[first] - FOCUS_CALLERS - 1);
        let deepest = tree.depth[first];
        for (let i = 1; i < tree.n; i++) if (tree.total[i] * 200 >= tree.total[0]) deepest = Math.max(deepest, tree.depth[i]);
        const rows = Math.min(FOCUS_ROWS, Math.max(FOCUS_CALLERS, deepest + 1 - skip));
        view.element.style.height = rows * view.rowHeight + 4 + 'px';
        view.canvas.setAttribute('aria-label', 'Flame graph of the guilty stacks, ' + formatCount(tree.n - 1) + ' frames. Arrow keys move from frame to frame, Enter zooms.');
        view.show(tree, false);
        view.element.scrollTop = skip > 0 ? view.rowTop(skip) - 1 : 0;
        this.node = 0;
        if (this.finding.guilty.length > 0) view.chosenFunc = this.finding.guilty[0][0];
    }

    // The heaviest frame of the first guilty function; without one, where the stacks part.
    firstGuilty(tree) {
        const { names } = this.model;
        const func = this.finding.guilty.length > 0 ? this.finding.guilty[0][0] : -1;
        let best = 0;
        for (let i = 1; i < tree.n; i++) if (names.rowFunc[tree.row[i]] === func && (best === 0 || tree.total[i] > tree.total[best])) best = i;
        if (best > 0) return best;
        while (best + 1 < tree.n && tree.parent[best + 1] === best && tree.total[best + 1] >= 0.97 * tree.total[0]) best++;
        return best;
    }

    paint() {
        const { names, facts, kindOfRow } = this.model;
        this.view.colours = colourTable(names, facts, kindOfRow, this.on.theme());
        this.view.schedule();
    }

    // The shares of the chosen time beside those of the whole run.
    say({ whole, part, shares }, chosen) {
        this.share.replaceChildren(...(chosen ? [h('b', {}, formatPercent(part, whole)),
            (this.finding.channel === 'wait' ? ' of the waits that ended in the chosen time: ' : ' in the chosen time: ') + formatWeight(part, this.model.unit) + ' of ' + formatWeight(whole, this.model.unit)] : this.shareText));
        this.cells.forEach((row) => {
            const old = row.querySelector('.now');
            if (old) old.remove();
            const share = shares[Number(row.dataset.guilty)];
            if (chosen && share !== undefined) row.lastElementChild.append(h('span', { class: 'now' }, ' ' + formatPercent(share, whole) + ' in the chosen time'));
        });
    }

    choose(node) {
        if (node < 0) return;
        const { tree } = this.view;
        this.node = node;
        this.view.focus(node);
        this.view.reveal(tree.depth[node], 1);
        this.said.textContent = rowName(this.model.names, tree.row[node]) + ', ' + formatPercent(tree.total[node], tree.total[0]);
    }

    key(event) {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const { tree } = this.view;
        const siblings = this.node > 0 ? treeChildren(tree, tree.parent[this.node]) : [];
        const at = siblings.indexOf(this.node);
        const act = {
            ArrowDown: () => this.choose(treeChildren(tree, this.node)[0] ?? this.node), ArrowUp: () => this.choose(tree.parent[this.node]),
            ArrowLeft: () => at > 0 && this.choose(siblings[at - 1]), ArrowRight: () => at >= 0 && this.choose(siblings[at + 1] ?? this.node),
            Enter: () => this.view.zoomTo(this.node), Escape: () => this.view.zoomTo(0),
        }[event.key];
        if (!act) return;
        event.preventDefault();
        event.stopPropagation();
        act();
    }
}
