// SPDX-License-Identifier: MIT
// The flame graph on a canvas as large as its viewport, however deep or wide the tree is. Rows are painted
// as pixels of one image (rows.js), labels on top; hover and focus are outlines of their own.

const LABEL_MIN = 30;
const LABEL_FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

class FlameCanvas {
    // on: { hover(node, event), pick(node), zoom(node), window(), moved() }
    constructor(names, on, font) {
        this.names = names;
        this.on = on;
        this.canvas = h('canvas', { role: 'img', tabindex: 0 });
        this.hoverBox = h('div', { class: 'outline hover', hidden: true });
        this.focusBox = h('div', { class: 'outline focus', hidden: true });
        this.spacer = h('div', { class: 'spacer' }, this.canvas, this.hoverBox, this.focusBox);
        this.element = h('div', { class: 'flame', tabindex: -1 }, this.spacer);
        this.context = this.canvas.getContext('2d', { willReadFrequently: true, alpha: false });
        this.font = font || new LabelFont(this.context, LABEL_FONT);
        this.forms = [];
        this.rowHeight = matchMedia('(pointer: coarse)').matches ? 24 : 18;
        this.focused = -1;
        this.listen();
    }

    listen() {
        this.element.addEventListener('scroll', () => this.schedule(), { passive: true });
        this.canvas.addEventListener('pointermove', (event) => this.pointerMoved(event));
        this.canvas.addEventListener('pointerleave', () => this.hover(-1, null));
        this.canvas.addEventListener('pointerdown', (event) => this.startDrag(event));
        this.canvas.addEventListener('touchmove', (event) => this.pinch(event), { passive: false });
        this.canvas.addEventListener('touchend', () => this.endPinch());
        this.canvas.addEventListener('click', (event) => !this.dragged && this.on.pick(this.nodeAt(event), event));
        this.canvas.addEventListener('dblclick', (event) => this.on.zoom(this.nodeAt(event)));
        this.canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    }

    // ---- what is shown ----

    show(tree, upward) {
        this.tree = tree;
        if (!tree.rowStart) treeIndex(tree);
        const flipped = this.upward !== upward;
        this.upward = upward;
        this.window = { from: 0, to: tree.total[0] || 1 };
        this.focused = -1;
        this.resize();
        this.schedule();
        if (flipped) this.scrollToRoot();
    }

    setWindow(from, to) {
        const whole = this.tree.total[0] || 1;
        const width = Math.min(whole, Math.max(to - from, whole * 1e-9));
        const start = Math.min(Math.max(0, from), whole - width);
        this.window = { from: start, to: start + width };
        this.schedule();
        this.on.moved();
    }

    zoomTo(node) {
        this.setWindow(this.tree.x[node], this.tree.x[node] + this.tree.total[node]);
        this.reveal(this.tree.depth[node], 4);
    }

    setMatches(rows) {
        this.matchRows = rows;
    }

    resize() {
        const box = this.element.getBoundingClientRect();
        this.width = Math.max(1, this.element.clientWidth || box.width);
        this.height = Math.max(1, this.element.clientHeight || box.height);
        this.ratio = window.devicePixelRatio || 1;
        this.pixelWidth = Math.round(this.width * this.ratio);
        this.pixelHeight = Math.round(this.height * this.ratio);
        const rows = this.tree.maxDepth;
        const same = this.image && this.image.width === this.pixelWidth && this.image.height === this.pixelHeight && this.rowsLaid === rows;
        if (same) return;
        this.rowsLaid = rows;
        this.contentHeight = Math.max(this.height, (this.tree.maxDepth + 1) * this.rowHeight + 2);
        this.spacer.style.height = this.contentHeight + 'px';
        this.canvas.width = this.pixelWidth;
        this.canvas.height = this.pixelHeight;
        this.canvas.style.width = this.width + 'px';
        this.canvas.style.height = this.height + 'px';
        this.image = this.context.createImageData(this.pixelWidth, this.pixelHeight);
        this.pixels = new Uint32Array(this.image.data.buffer);
        this.line = new Uint32Array(this.pixelWidth);
        this.underline = new Uint32Array(this.pixelWidth);
        this.schedule();
    }

    scrollToRoot() {
        this.element.scrollTop = this.upward ? this.contentHeight : 0;
    }

    // Scrolls only when the row is outside; margin rows stay visible on the callers' side.
    reveal(depth, margin) {
        const top = this.rowTop(depth);
        const slack = margin * this.rowHeight;
        const scroll = this.element.scrollTop;
        if (top < scroll + (this.upward ? 0 : slack)) this.element.scrollTop = top - (this.upward ? 0 : slack);
        else if (top + this.rowHeight + (this.upward ? slack : 0) > scroll + this.height) {
            this.element.scrollTop = top + this.rowHeight + (this.upward ? slack : 0) - this.height;
        }
    }

    rowTop(depth) {
        return this.upward ? this.contentHeight - (depth + 1) * this.rowHeight - 1 : depth * this.rowHeight + 1;
    }

    // ---- painting ----

    schedule() {
        if (this.scheduled) return;
        this.scheduled = true;
        requestAnimationFrame(() => {
            this.scheduled = false;
            if (this.tree && this.element.isConnected) this.draw();
        });
    }

    draw() {
        const labels = [];
        this.pixels.fill(this.colours.ground);
        const scroll = this.element.scrollTop;
        for (let depth = 0; depth <= this.tree.maxDepth; depth++) {
            const top = this.rowTop(depth) - scroll;
            if (top >= this.height || top + this.rowHeight <= 0) continue;
            this.paintRow(depth, labels, top);
            this.copyRow(top);
        }
        this.context.putImageData(this.image, 0, 0);
        this.drawLabels(labels);
        this.placeOutlines();
    }

    paintRow(depth, labels, top) {
        const { tree, line, underline, ratio, colours } = this;
        line.fill(colours.ground);
        underline.fill(0);
        this.marked = false;
        const labelPixels = LABEL_MIN * ratio;
        const paint = (node, left, right) => {
            const wide = right - left > 3 * ratio;
            const stop = wide ? right - Math.max(1, Math.round(ratio * 0.75)) : right;
            line.fill(this.pixelOf(node), left, stop);
            if (this.isChosen(node)) {
                underline.fill(colours.edge, left, stop);
                this.marked = true;
            }
            if (right - left >= labelPixels) labels.push(node, left, right, top);
        };
        const speck = (k, next, pixel) => {
            const found = this.matchRows && searchWithin(tree, this.matchRows, k, next);
            line[pixel] = found ? colours.match : this.pixelOf(tree.rowNode[k]);
        };
        rowWalk(tree, depth, this.window, this.pixelWidth, paint, speck);
    }

    isChosen(node) {
        const row = this.tree.row[node];
        return row !== NO_ROW && this.names.rowFunc[row] === this.chosenFunc;
    }

    pixelOf(node) {
        const row = this.tree.row[node];
        if (row === NO_ROW) return this.colours.root;
        if (!this.matchRows) return this.colours.normal[row];
        return this.matchRows[row] ? this.colours.match : this.colours.dim[row];
    }

    copyRow(top) {
        const first = Math.round(top * this.ratio);
        const next = Math.round((top + this.rowHeight) * this.ratio);
        const gap = Math.max(1, Math.round(this.ratio * 0.75));
        for (let y = Math.max(0, first); y < Math.min(next - gap, this.pixelHeight); y++) {
            this.pixels.set(this.line, y * this.pixelWidth);
            if (!this.marked || y < next - gap - Math.round(2 * this.ratio)) continue;
            for (let x = 0; x < this.pixelWidth; x++) {
                if (this.underline[x] !== 0) this.pixels[y * this.pixelWidth + x] = this.underline[x];
            }
        }
    }

    drawLabels(labels) {
        const context = this.context;
        const theme = this.colours.theme;
        context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
        context.font = LABEL_FONT;
        context.textBaseline = 'middle';
        for (let i = 0; i < labels.length; i += 4) {
            const node = labels[i];
            const left = labels[i + 1] / this.ratio;
            const room = labels[i + 2] / this.ratio - left - 8;
            const middle = labels[i + 3] + this.rowHeight / 2 + 0.5;
            const row = this.tree.row[node];
            const matched = this.matchRows && row !== NO_ROW;
            context.fillStyle = !matched ? theme.text : this.matchRows[row] ? theme.matchText : theme.faint;
            const text = this.labelOf(node, room);
            if (text) context.fillText(text, left + 4, middle);
            this.drawLetter(row, left, room, text, middle);
        }
    }

    // The kind's letter at the right edge, where there is room: colour never speaks alone.
    drawLetter(row, left, room, text, middle) {
        if (row === NO_ROW || room < 90 || this.font.width(text, room - 16) > room - 16) return;
        this.context.globalAlpha = 0.55;
        this.context.font = '10px system-ui, sans-serif';
        this.context.fillText(this.letters[this.kindOfRow[row]], left + room - 3, middle);
        this.context.font = LABEL_FONT;
        this.context.globalAlpha = 1;
    }

    labelOf(node, room) {
        const row = this.tree.row[node];
        const repeat = this.tree.repeat[node];
        const tail = repeat > 1 ? ' ×' + repeat : '';
        if (row === NO_ROW) return this.font.fit([this.rootLabel || 'all'], room);
        const func = this.names.rowFunc[row];
        if (!this.forms[func]) this.forms[func] = labelForms(funcName(this.names, func));
        if (!tail) return this.font.fit(this.forms[func], room);
        const text = this.font.fit(this.forms[func], room - this.font.width(tail, Infinity));
        return text && text + tail;
    }

    // ---- outlines ----

    placeOutlines() {
        this.placeOutline(this.hoverBox, this.hovered === undefined ? -1 : this.hovered);
        this.placeOutline(this.focusBox, this.focused > 0 ? this.focused : -1);
    }

    placeOutline(box, node) {
        box.hidden = node < 0 || node >= this.tree.n;
        if (box.hidden) return;
        const scale = this.width / (this.window.to - this.window.from);
        const left = Math.max(0, (this.tree.x[node] - this.window.from) * scale);
        const right = Math.min(this.width, (this.tree.x[node] + this.tree.total[node] - this.window.from) * scale);
        box.hidden = right < 0 || left > this.width;
        box.style.left = left + 'px';
        box.style.top = this.rowTop(this.tree.depth[node]) + 'px';
        box.style.width = Math.max(3, right - left) + 'px';
        box.style.height = this.rowHeight + 'px';
    }

    focus(node) {
        this.focused = node;
        const row = node > 0 ? this.tree.row[node] : NO_ROW;
        this.chosenFunc = row === NO_ROW ? -1 : this.names.rowFunc[row];
        this.schedule();
    }

    hover(node, event) {
        if (node !== this.hovered) {
            this.hovered = node;
            if (this.tree) this.placeOutline(this.hoverBox, node);
        }
        this.on.hover(node, event, this);
    }

    // ---- pointer ----

    nodeAt(event) {
        if (!this.tree) return -1;
        const box = this.canvas.getBoundingClientRect();
        const y = event.clientY - box.top + this.element.scrollTop;
        const depth = this.upward
            ? Math.floor((this.contentHeight - 1 - y) / this.rowHeight)
            : Math.floor((y - 1) / this.rowHeight);
        return rowHit(this.tree, depth, this.weightAt(event));
    }

    weightAt(event) {
        const box = this.canvas.getBoundingClientRect();
        const share = (event.clientX - box.left) / this.width;
        return this.window.from + share * (this.window.to - this.window.from);
    }

    pointerMoved(event) {
        if (event.pointerType === 'touch') return;
        this.hover(this.nodeAt(event), event);
    }

    startDrag(event) {
        this.dragged = false;
        if (event.button !== 0 || event.pointerType === 'touch') return;
        const start = { x: event.clientX, y: event.clientY, from: this.window.from, scroll: this.element.scrollTop };
        const scale = (this.window.to - this.window.from) / this.width;
        const move = (next) => {
            if (!this.dragged && Math.hypot(next.clientX - start.x, next.clientY - start.y) < 5) return;
            this.dragged = true;
            const from = start.from - (next.clientX - start.x) * scale;
            this.setWindow(from, from + this.window.to - this.window.from);
            this.element.scrollTop = start.scroll - (next.clientY - start.y);
        };
        const stop = () => {
            removeEventListener('pointermove', move);
            removeEventListener('pointerup', stop);
            if (this.dragged) this.on.window();
        };
        addEventListener('pointermove', move);
        addEventListener('pointerup', stop);
    }

    // Two fingers: what was under each of them stays there.
    pinch(event) {
        if (event.touches.length !== 2) return;
        event.preventDefault();
        const weights = [...event.touches].map((touch) => this.weightAt(touch)).sort((a, b) => a - b);
        if (!this.pinched) this.pinched = weights;
        const left = this.canvas.getBoundingClientRect().left;
        const shares = [...event.touches].map((touch) => (touch.clientX - left) / this.width).sort((a, b) => a - b);
        const width = (this.pinched[1] - this.pinched[0]) / Math.max(0.02, shares[1] - shares[0]);
        const from = this.pinched[0] - shares[0] * width;
        this.setWindow(from, from + width);
    }

    endPinch() {
        if (!this.pinched) return;
        this.pinched = null;
        this.on.window();
    }

    // Wheel scrolls as everywhere; with Ctrl (or a pinch) it zooms at the pointer, with Shift it pans.
    wheel(event) {
        const sideways = event.shiftKey ? event.deltaY : event.deltaX;
        const width = this.window.to - this.window.from;
        if (event.ctrlKey || event.metaKey) {
            event.preventDefault();
            const factor = Math.exp(Math.max(-1, Math.min(1, event.deltaY * 0.004)));
            const at = this.weightAt(event);
            this.setWindow(at - (at - this.window.from) * factor, at + (this.window.to - at) * factor);
            this.on.window();
        } else if (sideways !== 0) {
            event.preventDefault();
            this.setWindow(this.window.from + (sideways / this.width) * width, this.window.to + (sideways / this.width) * width);
            this.on.window();
        }
    }
}
