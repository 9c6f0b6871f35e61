// SPDX-License-Identifier: MIT
// The time strip: how busy each thread was, from left to right. Dragging over it selects an interval, which
// the graph and the table then show alone; a click on a thread's name selects the thread.

const LANE_HEIGHT = 22;
const LANES_FIRST = 3;

class TimeStrip {
    // on: { interval(from, to), thread(name) }
    constructor(model, on) {
        this.model = model;
        this.on = on;
        this.lanes = model.facts.threads.map((thread, index) => ({ thread, index }));
        this.shown = Math.min(LANES_FIRST, this.lanes.length);
        this.labels = h('div', { class: 'lanes' });
        this.canvas = h('canvas', { role: 'img', 'aria-label': 'CPU use over time by thread' });
        this.range = h('div', { class: 'range', hidden: true });
        this.cursor = h('div', { class: 'cursor', hidden: true });
        this.area = h('div', { class: 'area' }, this.canvas, this.range, this.cursor);
        this.from = this.input('From', 0);
        this.to = this.input('to', 1);
        this.clear = h('button', { type: 'button', onclick: () => on.interval(-1, -1), hidden: true }, 'Whole time');
        this.more = h('button', { type: 'button', class: 'more', onclick: () => this.toggleMore() });
        this.axis = h('div', { class: 'axis' }, h('span'), h('span', { class: 'picked' }), h('span'));
        const interval = h('div', { class: 'interval' }, this.from.label, this.to.label, this.clear);
        this.element = h('section', { id: 'strip', 'aria-label': 'Time' }, this.labels, h('div', { class: 'chart' }, this.area, this.axis), interval);
        this.area.addEventListener('pointerdown', (event) => this.drag(event));
        this.area.addEventListener('pointermove', (event) => this.showCursor(event));
        this.area.addEventListener('pointerleave', () => (this.cursor.hidden = true));
    }

    // The keyboard's way to an interval: seconds from the start.
    input(label, side) {
        const field = h('input', {
            type: 'number', min: 0, step: 'any', inputmode: 'decimal', onchange: () => this.typed(),
            'aria-label': side === 0 ? 'Interval from, in seconds' : 'Interval to, in seconds',
        });
        return { field, label: h('label', {}, label, ' ', field, side === 1 ? ' s' : '') };
    }

    typed() {
        const seconds = 1e9 / this.model.times.sliceNs;
        const from = Math.floor(Number(this.from.field.value || 0) * seconds);
        const to = this.to.field.value === '' ? this.model.times.slices : Math.ceil(Number(this.to.field.value) * seconds);
        if (to > from && from >= 0) this.on.interval(from, Math.min(to, this.model.times.slices));
    }

    toggleMore() {
        this.shown = this.shown === this.lanes.length ? Math.min(LANES_FIRST, this.lanes.length) : Math.min(this.lanes.length, 64);
        this.update(this.state, this.themeName);
    }

    // ---- drawing ----

    update(state, themeName) {
        const key = [state.thread, state.from, state.to, themeName, this.shown].join();
        if (key === this.key) return;
        this.key = key;
        this.state = { ...state };
        this.themeName = themeName;
        this.labels.replaceChildren(...this.lanes.slice(0, this.shown).map((lane) => this.laneButton(lane)));
        this.more.textContent = this.shown < this.lanes.length ? '+ ' + (this.lanes.length - this.shown) + ' threads' : 'fewer';
        if (this.lanes.length > LANES_FIRST) this.labels.append(this.more);
        this.draw();
        this.placeRange(state.from, state.to);
    }

    laneButton({ thread, index }) {
        const name = 't' + index;
        const pressed = this.state.thread === name;
        return h('button', {
            type: 'button', class: 'lane', 'aria-pressed': String(pressed),
            title: (pressed ? 'Show all threads' : 'Show this thread alone') + ': ' + thread.program + ' ' + thread.pid + ', thread ' + thread.tid,
            onclick: () => this.on.thread(pressed ? '' : name),
        }, (thread.name || thread.program || 'thread') + ' ', h('small', {}, String(thread.tid)));
    }

    draw() {
        const ratio = window.devicePixelRatio || 1;
        const width = Math.max(1, this.area.clientWidth);
        const height = this.shown * LANE_HEIGHT;
        this.canvas.width = width * ratio;
        this.canvas.height = height * ratio;
        this.canvas.style.height = height + 'px';
        const context = this.canvas.getContext('2d');
        context.scale(ratio, ratio);
        const columns = this.columns(Math.floor(width));
        const colour = this.themeName === 'dark' ? '#6ea8fe' : '#2f6fd0';
        for (let lane = 0; lane < this.shown; lane++) {
            const dimmed = this.state.thread && !this.model.keepThread(this.state.thread)(lane);
            context.globalAlpha = dimmed ? 0.3 : 1;
            context.fillStyle = colour;
            for (let c = 0; c < columns.count; c++) {
                const level = Math.min(1, columns.level[lane * columns.count + c]) * (LANE_HEIGHT - 4);
                if (level > 0) context.fillRect(c, (lane + 1) * LANE_HEIGHT - 1 - Math.max(1, level), 1, Math.max(1, level));
            }
            context.globalAlpha = 0.25;
            context.fillRect(0, (lane + 1) * LANE_HEIGHT - 1, width, 0.5);
        }
        this.drawAxis();
    }

    // Share of a CPU used, by lane and column of the strip.
    columns(width) {
        const { times } = this.model;
        const count = Math.min(width, times.slices);
        const level = new Float64Array(this.lanes.length * count);
        const wide = (times.slices * times.sliceNs) / count;
        const perColumn = this.model.unit === 'nanoseconds' ? 1 / wide : 0;
        let most = 0;
        for (let i = 0; i < times.n; i++) {
            if (times.thread[i] >= this.lanes.length) continue;
            const at = times.thread[i] * count + Math.floor((times.slice[i] * count) / times.slices);
            level[at] += times.weight[i];
            if (level[at] > most) most = level[at];
        }
        const smooth = this.smooth(level, count, Math.max(1, Math.round(width / 400)));
        for (let i = 0; i < smooth.length; i++) smooth[i] *= perColumn || 1 / most;
        return this.stretch(smooth, count, width);
    }

    smooth(level, count, radius) {
        const out = new Float64Array(level.length);
        for (let lane = 0; lane < this.lanes.length; lane++) {
            for (let c = 0; c < count; c++) {
                let sum = 0;
                const from = Math.max(0, c - radius);
                const to = Math.min(count - 1, c + radius);
                for (let k = from; k <= to; k++) sum += level[lane * count + k];
                out[lane * count + c] = sum / (to - from + 1);
            }
        }
        return out;
    }

    stretch(level, count, width) {
        if (count >= width) return { count, level };
        const wide = new Float64Array(this.lanes.length * width);
        for (let lane = 0; lane < this.lanes.length; lane++) {
            for (let c = 0; c < width; c++) wide[lane * width + c] = level[lane * count + Math.floor((c * count) / width)];
        }
        return { count: width, level: wide };
    }

    drawAxis() {
        const [first, picked, last] = this.axis.children;
        const { from, to } = this.state;
        const { sliceNs, slices } = this.model.times;
        first.textContent = '0 s';
        last.textContent = formatDuration(slices * sliceNs);
        const end = to >= 0 ? to : slices;
        picked.textContent = from < 0 ? 'Drag to select an interval'
            : formatDuration(from * sliceNs) + ' to ' + formatDuration(end * sliceNs) + (this.model.facts.thinned ? ', shares are rounded' : '');
    }

    placeRange(from, to) {
        const slices = this.model.times.slices;
        const seconds = this.model.times.sliceNs / 1e9;
        this.range.hidden = this.clear.hidden = from < 0;
        this.range.style.left = (100 * from) / slices + '%';
        this.range.style.width = (100 * (to - from)) / slices + '%';
        this.from.field.value = from < 0 ? '' : Number((from * seconds).toPrecision(6));
        this.to.field.value = from < 0 ? '' : Number((to * seconds).toPrecision(6));
    }

    // ---- selecting ----

    sliceAt(event) {
        const box = this.area.getBoundingClientRect();
        const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
        return share * this.model.times.slices;
    }

    drag(event) {
        if (event.button !== 0) return;
        event.preventDefault();
        const start = this.sliceAt(event);
        const startX = event.clientX;
        let moved = false;
        const span = (next) => {
            const now = this.sliceAt(next);
            return [Math.floor(Math.min(start, now)), Math.ceil(Math.max(start, now))];
        };
        const move = (next) => {
            moved = moved || Math.abs(next.clientX - startX) > 3;
            if (moved) this.placeRange(...span(next));
            if (moved) this.follow(span(next));
        };
        const stop = (next) => {
            removeEventListener('pointermove', move);
            removeEventListener('pointerup', stop);
            const [from, to] = span(next);
            this.following = null;
            if (moved && to > from) this.on.interval(from, to);
            else this.on.interval(-1, -1);
        };
        addEventListener('pointermove', move);
        addEventListener('pointerup', stop);
    }

    // While the pointer moves the graph follows once a frame.
    follow(span) {
        if (!this.following) {
            requestAnimationFrame(() => {
                if (this.following) this.on.interval(...this.following);
                this.following = null;
            });
        }
        this.following = span;
    }

    showCursor(event) {
        const box = this.area.getBoundingClientRect();
        this.cursor.hidden = false;
        this.cursor.style.left = event.clientX - box.left + 'px';
        this.cursor.title = formatDuration(this.sliceAt(event) * this.model.times.sliceNs);
    }
}
