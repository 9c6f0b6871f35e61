// SPDX-License-Identifier: MIT
// What the reader has chosen. It lives in the address behind the #, so that a link or a reload shows the
// same view; what is as it was at first is left out.

const STATE_FIRST = {
    channel: '', // of a page with several: '' time on the CPU, wait, faults, tasks
    view: 'graph', // graph, inverted, sandwich
    order: 'heavy', // heavy, name, time
    up: false, // root at the bottom
    recursion: false, // true: direct recursion is drawn frame by frame
    group: '', // '' as the profile asks for: none, program, process, thread
    thread: '', // '' all, 't3' a thread, 'p2' a process, by the page's numbers
    from: -1, // slices of time, -1: from the start
    to: -1,
    query: '',
    regex: false,
    only: false, // only stacks that match
    kinds: '', // letter and 'm' (merged) or 'h' (hidden) per kind: "Km?h"
    zoom: '', // functions from the root, in base 36, joined by dots
    func: -1, // chosen function
    tab: 'functions', // functions, frame
    sort: 'self',
    down: true,
    theme: '', // '' as the system, light, dark
};

function stateText(state) {
    const parts = [];
    for (const [key, first] of Object.entries(STATE_FIRST)) {
        if (state[key] !== first) parts.push(key + '=' + encodeURIComponent(String(state[key])));
    }
    return parts.join('&');
}

function stateParse(text) {
    const state = { ...STATE_FIRST };
    for (const part of text.replace(/^#/, '').split('&')) {
        const [key, coded] = part.split('=');
        if (!Object.hasOwn(STATE_FIRST, key) || coded === undefined) continue;
        const value = stateDecode(coded);
        const type = typeof STATE_FIRST[key];
        if (type === 'number') state[key] = Number.isInteger(Number(value)) ? Number(value) : STATE_FIRST[key];
        else state[key] = type === 'boolean' ? value === 'true' : value;
    }
    return stateCheck(state);
}

function stateDecode(coded) {
    try {
        return decodeURIComponent(coded);
    } catch {
        return coded;
    }
}

function stateCheck(state) {
    const allow = (key, values) => {
        if (!values.includes(state[key])) state[key] = STATE_FIRST[key];
    };
    allow('channel', ['', 'wait', 'faults', 'tasks']);
    allow('view', ['graph', 'inverted', 'sandwich']);
    allow('order', ['heavy', 'name', 'time']);
    allow('group', ['', 'none', 'program', 'process', 'thread']);
    allow('tab', ['functions', 'frame']);
    allow('sort', ['self', 'total', 'name']);
    allow('theme', ['', 'light', 'dark']);
    return state;
}

function stateZoomText(funcs) {
    return funcs.map((func) => func.toString(36)).join('.');
}

function stateZoomFuncs(text) {
    return text === '' ? [] : text.split('.').map((part) => parseInt(part, 36));
}

// Kinds' actions by index, from their letters.
function stateKindActions(text, kinds) {
    const actions = new Uint8Array(kinds.length);
    for (let i = 0; i + 1 < text.length; i += 2) {
        const kind = kinds.findIndex((k) => k.letter === text[i]);
        if (kind >= 0) actions[kind] = text[i + 1] === 'h' ? HIDE : MERGE;
    }
    return actions;
}

function stateKindText(actions, kinds) {
    return kinds.map((kind, i) => (actions[i] === SHOW ? '' : kind.letter + (actions[i] === HIDE ? 'h' : 'm'))).join('');
}
