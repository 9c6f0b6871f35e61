// SPDX-License-Identifier: MIT
// Every action has a key; this table is also the help.

const KEYS = [
    ['ArrowUp', '↑ ↓', 'caller, hottest callee (with the root at the bottom the other way round)', (app) => app.step('up')],
    ['ArrowDown', '', '', (app) => app.step('down')],
    ['ArrowLeft', '← →', 'neighbour with the same caller', (app) => app.step('left')],
    ['ArrowRight', '', '', (app) => app.step('right')],
    ['Enter', 'Enter', 'zoom to the chosen frame', (app) => app.zoom(app.focused)],
    ['Escape', 'Esc', 'zoom out one step, then drop the choice', (app) => app.back()],
    ['+', '+ −', 'wider, narrower', (app) => app.scale(0.6)],
    ['=', '', '', (app) => app.scale(0.6)],
    ['-', '', '', (app) => app.scale(1 / 0.6)],
    ['0', '0', 'reset the view', (app) => app.reset()],
    ['/', '/', 'search', (app) => app.bar.input.focus()],
    ['n', 'n N', 'next, previous match', (app) => app.next(1)],
    ['N', '', '', (app) => app.next(-1)],
    ['o', 'o', 'only stacks that match', (app) => app.set({ only: !app.state.only, zoom: '' })],
    ['1', '1 2 3', 'graph, inverted, sandwich', (app) => app.set({ view: 'graph', zoom: '' })],
    ['2', '', '', (app) => app.set({ view: 'inverted', zoom: '' })],
    ['3', '', '', (app) => app.set({ view: 'sandwich', zoom: '' })],
    ['s', 's', 'callers and callees of the chosen function', (app) => app.set({ view: 'sandwich', zoom: '' })],
    ['i', 'i', 'invert', (app) => app.set({ view: app.state.view === 'inverted' ? 'graph' : 'inverted', zoom: '' })],
    ['h', 'h', 'left-heavy, merged, time order', (app) => app.nextOrder()],
    ['r', 'r', 'root at the bottom or the top', (app) => app.set({ up: !app.state.up })],
    ['g', 'g', 'root: not split, by program, process, thread', (app) => app.nextGroup()],
    ['x', 'x', 'unfold recursion', (app) => app.model.facts.recursive && app.set({ recursion: !app.state.recursion, zoom: '' })],
    ['c', 'c', 'copy the chosen stack', (app) => app.copy(app.focused)],
    ['t', 't', 'go to the table of functions', (app) => app.toTable()],
    ['d', 'd', 'dark or light', (app) => app.options.theme()],
    ['?', '?', 'this help', (app) => app.help()],
];

function keysListen(app) {
    addEventListener('keydown', (event) => {
        const target = event.target;
        if (event.ctrlKey || event.metaKey || event.altKey || !app.options.awake(target)) return;
        if (target.closest('input, select, textarea, dialog')) return;
        const row = KEYS.find(([key]) => key === event.key);
        const native = target.closest('button, summary, a') && (event.key === 'Enter' || event.key === ' ');
        const scrolls = target.closest('.scroll') && event.key.startsWith('Arrow');
        if (!row || native || scrolls) return;
        event.preventDefault();
        row[3](app);
    });
}

function keysHelp() {
    const rows = KEYS.filter(([, shown]) => shown).map(([, shown, text]) => h('tr', {}, h('th', { scope: 'row' }, ...shown.split(' ').map((k) => h('kbd', {}, k))), h('td', {}, text)));
    const dialog = h('dialog', { id: 'help', 'aria-label': 'Keys' }, h('h2', {}, 'Keys and pointer'), h('table', {}, h('tbody', {}, ...rows)),
        h('p', {}, 'Click chooses a frame, double click zooms, Ctrl and wheel zooms at the pointer, dragging moves. ',
            'Width is time, colour and letter are the kind of code, a frame stands below its caller. Direct recursion is one frame with its depth: fib ×27.'),
        h('form', { method: 'dialog' }, h('button', {}, 'Close')));
    dialog.addEventListener('close', () => dialog.remove());
    return dialog;
}
