// SPDX-License-Identifier: MIT
// What a pointer and the keyboard do with the charts. They stand in the page as pictures; here are a line at the
// pointer's time through all of them, their values there, and the selection of an interval.

const VALUE_FORMATS = {
    ns: (value) => (value < 5 ? '0 ms' : formatDuration(value)),
    bytes: (value) => formatBytes(Math.round(value)),
    'bytes/s': (value) => formatBytes(Math.round(value)) + '/s',
    share: (value) => (100 * value).toFixed(value > 0 && value < 0.1 ? 1 : 0) + ' %',
    '1/s': (value) => formatNumber(value) + '/s',
};

function formatNumber(value) {
    return value >= 100 || Number.isInteger(value) ? formatCount(value) : value.toFixed(value >= 10 ? 1 : 2);
}

function formatValue(value, unit) {
    return (VALUE_FORMATS[unit] || formatNumber)(value);
}

function formatMoment(ns) {
    const seconds = ns / 1e9;
    return seconds < 120 ? seconds.toFixed(2) + ' s' : Math.floor(seconds / 60) + ' min ' + Math.round(seconds % 60) + ' s';
}

// First place whose time is at or behind `at`.
function chartSeek(times, at) {
    let low = 0;
    let high = times.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (times[middle] < at) low = middle + 1;
        else high = middle;
    }
    return low;
}

const BAR_REACH = 6000; // millionths: how far from a bar the pointer still means it

// A line's value at a time, or null where there is none.
function chartValueAt(chart, line, at) {
    const next = chartSeek(line.at, at);
    const before = next > 0 && (next === line.at.length || at - line.at[next - 1] < line.at[next] - at) ? next - 1 : next;
    const far = line.at.length === 0 || (chart.bars && Math.abs(line.at[before] - at) > BAR_REACH);
    return far ? null : line.value[before];
}

// Lowest and highest value of a line between two times; null when it has none there.
function chartRange(chart, line, from, to) {
    let first = chartSeek(line.at, from);
    const end = chartSeek(line.at, to);
    if (first === end && !chart.bars && first > 0) first--;
    let range = null;
    for (let i = first; i < Math.max(end, chart.bars ? 0 : first + 1) && i < line.at.length; i++) {
        const value = line.value[i];
        range = range ? { low: Math.min(range.low, value), high: Math.max(range.high, value), count: range.count + 1 } : { low: value, high: value, count: 1 };
    }
    return range;
}

class Charts {
    // on: { select(fromNs, toNs) }; runNs: length of the time axis.
    constructor(data, runNs, on) {
        Object.assign(this, { data, runNs, on });
        this.items = [...document.querySelectorAll('figure.chart')].map((figure) => this.item(figure));
        this.at = 0;
    }

    item(figure) {
        const area = figure.querySelector('.area');
        const picture = area.querySelector('svg');
        const item = {
            chart: this.data[Number(figure.dataset.chart)], area,
            cross: h('div', { class: 'cross', hidden: true }), range: h('div', { class: 'range', hidden: true }), here: h('span', { class: 'here' }),
        };
        area.append(item.range, item.cross);
        figure.querySelector('figcaption').append(item.here);
        for (const [key, value] of Object.entries({ tabindex: 0, role: 'slider', 'aria-valuemin': 0, 'aria-valuemax': (this.runNs / 1e9).toFixed(2), 'aria-valuenow': 0,
            'aria-label': picture.getAttribute('aria-label') + '. Arrow keys move in time, with Shift they select.' })) area.setAttribute(key, value);
        area.addEventListener('pointermove', (event) => this.moveTo(this.timeAt(area, event)));
        area.addEventListener('pointerleave', () => this.leave());
        area.addEventListener('pointerdown', (event) => this.drag(area, event));
        area.addEventListener('keydown', (event) => this.key(item, event));
        area.addEventListener('blur', () => this.leave());
        return item;
    }

    // ---- the line at the pointer ----

    // Millionths of the run.
    timeAt(area, event) {
        const box = area.getBoundingClientRect();
        return 1e6 * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    }

    moveTo(at) {
        this.at = at;
        if (this.scheduled) return;
        this.scheduled = true;
        requestAnimationFrame(() => {
            this.scheduled = false;
            if (this.at !== null) this.showAt(this.at);
        });
    }

    showAt(at) {
        const moment = formatMoment((at / 1e6) * this.runNs);
        for (const item of this.items) {
            item.cross.hidden = false;
            item.cross.style.left = at / 1e4 + '%';
            item.here.textContent = 'at ' + moment + ': ' + this.valuesAt(item.chart, at);
            item.area.setAttribute('aria-valuenow', ((at / 1e15) * this.runNs).toFixed(2));
            item.area.setAttribute('aria-valuetext', item.here.textContent);
        }
    }

    valuesAt(chart, at) {
        const values = chart.lines.map((line) => {
            const value = chartValueAt(chart, line, at);
            return value === null ? '' : (chart.lines.length > 1 ? line.label + ' ' : '') + formatValue(value, chart.unit);
        });
        return values.filter((text) => text !== '').join(', ') || 'none';
    }

    leave() {
        this.at = null;
        for (const item of this.items) item.cross.hidden = true;
        this.showSelection(this.selected);
    }

    // ---- the interval ----

    showSelection(selected) {
        this.selected = selected;
        for (const { chart, range, here } of this.items) {
            range.hidden = !selected;
            here.textContent = selected ? this.rangeText(chart, selected) : '';
            if (!selected) continue;
            range.style.left = (100 * selected.from) / this.runNs + '%';
            range.style.width = (100 * (selected.to - selected.from)) / this.runNs + '%';
        }
    }

    rangeText(chart, { from, to }) {
        const parts = chart.lines.map((line) => {
            const range = chartRange(chart, line, (1e6 * from) / this.runNs, (1e6 * to) / this.runNs);
            if (!range) return '';
            const name = chart.lines.length > 1 ? line.label + ' ' : '';
            const high = formatValue(range.high, chart.unit);
            const low = formatValue(range.low, chart.unit);
            return name + (chart.bars || low === high ? (chart.bars ? 'highest ' : '') + high : low + ' to ' + high);
        });
        return 'chosen: ' + (parts.filter((text) => text !== '').join(', ') || 'none');
    }

    drag(area, event) {
        if (event.button !== 0) return;
        const start = this.timeAt(area, event);
        const startX = event.clientX;
        let moved = false;
        const span = (next) => [start, this.timeAt(area, next)].sort((a, b) => a - b).map((at) => (at / 1e6) * this.runNs);
        const move = (next) => {
            moved = moved || Math.abs(next.clientX - startX) > 3;
            if (moved) this.showSelection({ from: span(next)[0], to: span(next)[1] });
        };
        const stop = (next) => {
            for (const [name, act] of [['pointermove', move], ['pointerup', stop], ['pointercancel', stop]]) removeEventListener(name, act);
            const [from, to] = span(next);
            if (moved && to > from && next.type === 'pointerup') this.on.select(from, to);
            else if (moved || this.selected) this.on.select(-1, -1);
        };
        for (const [name, act] of [['pointermove', move], ['pointerup', stop], ['pointercancel', stop]]) addEventListener(name, act);
    }

    // Arrows move the line, with Shift they stretch the selection from where it began.
    key(item, event) {
        const at = this.at === null ? 0 : this.at;
        const step = event.key === 'PageUp' || event.key === 'PageDown' ? 1e5 : 1e4;
        const next = { ArrowLeft: at - step, PageDown: at - step, ArrowRight: at + step, PageUp: at + step, Home: 0, End: 1e6 }[event.key];
        if (event.key === 'Escape') this.on.select(-1, -1);
        if (next === undefined) return;
        event.preventDefault();
        const to = Math.min(1e6, Math.max(0, next));
        this.anchor = event.shiftKey ? this.anchor ?? at : null;
        if (event.shiftKey && to !== this.anchor) this.on.select(...[this.anchor, to].sort((a, b) => a - b).map((t) => (t / 1e6) * this.runNs));
        this.at = to;
        this.showAt(to);
    }
}
