// SPDX-License-Identifier: MIT
'use strict';
// The few helpers that everything uses: elements and figures. Data reaches the page only as text.

function h(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) {
        if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
        else if (value === true) element.setAttribute(key, '');
        else if (value !== false && value != null) element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child != null));
    return element;
}

function byId(id) {
    return document.getElementById(id);
}

function formatCount(value) {
    return Math.round(value).toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

function formatPercent(part, whole) {
    const percent = whole > 0 ? (100 * part) / whole : 0;
    if (percent > 0 && percent < 0.1) return '<0.1 %';
    return percent >= 99.95 || percent <= 0 ? percent.toFixed(0) + ' %' : percent.toFixed(1) + ' %';
}

function threeDigits(value, unit) {
    return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2) + ' ' + unit;
}

function formatDuration(ns) {
    if (ns === 0) return '0';
    if (ns >= 120e9) return Math.floor(ns / 60e9) + ' min ' + Math.floor((ns / 1e9) % 60) + ' s';
    if (ns >= 1e9) return threeDigits(ns / 1e9, 's');
    return ns >= 1e6 ? threeDigits(ns / 1e6, 'ms') : threeDigits(ns / 1e3, 'µs');
}

function formatBytes(bytes) {
    if (bytes >= 2 ** 30) return threeDigits(bytes / 2 ** 30, 'GiB');
    if (bytes >= 2 ** 20) return threeDigits(bytes / 2 ** 20, 'MiB');
    return bytes >= 1024 ? threeDigits(bytes / 1024, 'KiB') : bytes + ' bytes';
}

function formatWeight(weight, unit) {
    if (unit === 'nanoseconds') return formatDuration(weight);
    return unit === 'bytes' ? formatBytes(weight) : formatCount(weight) + ' samples';
}
