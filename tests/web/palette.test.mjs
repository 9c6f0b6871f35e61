// SPDX-License-Identifier: MIT
// Kinds can be told apart with normal vision and with three kinds of colour blindness (Machado, Oliveira,
// Fernandes 2009, severity 1), and labels on them can be read (WCAG contrast).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { makeReport, pageCode, pageFacts } from './page_code.mjs';

const VISION = {
    normal: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    protan: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
    deutan: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
    tritan: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};
const DISTANCE_MIN = 15; // the palette of the nearest peer scores 5.7 by the same reckoning
const CONTRAST_MIN = 4.5;

const linear = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
const luminance = ([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b;

function contrast(a, b) {
    const [high, low] = [luminance(linear(a)), luminance(linear(b))].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
}

function lab(hex, matrix) {
    const c = linear(hex);
    const [r, g, b] = [0, 1, 2].map((i) => Math.min(1, Math.max(0, matrix[3 * i] * c[0] + matrix[3 * i + 1] * c[1] + matrix[3 * i + 2] * c[2])));
    const f = (t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
    const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
    const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
    const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const { kinds } = pageFacts(readFileSync(makeReport('palette', '.folded', 'a;b 1\n'), 'utf8'));
const { THEMES } = pageCode('THEMES');

for (const theme of ['light', 'dark']) {
    for (const [vision, matrix] of Object.entries(VISION)) {
        test(`${theme} kinds are apart with ${vision} vision`, () => {
            // Markers are prof's own words in brackets; they need no colour of their own.
            const shown = kinds.filter((kind) => kind.id !== 'marker');
            for (const a of shown) {
                for (const b of shown) {
                    if (a.id >= b.id) continue;
                    const [p, q] = [lab(a[theme], matrix), lab(b[theme], matrix)];
                    const distance = Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
                    assert.ok(distance >= DISTANCE_MIN, `${a.id} and ${b.id}: ${distance.toFixed(1)}`);
                }
            }
        });
    }
    test(`labels on ${theme} kinds and on matches can be read`, () => {
        for (const kind of kinds) {
            const found = contrast(kind[theme], THEMES[theme].text);
            assert.ok(found >= CONTRAST_MIN, `${kind.id}: ${found.toFixed(2)}`);
        }
        assert.ok(contrast(THEMES[theme].match, THEMES[theme].matchText) >= CONTRAST_MIN);
    });
}

test('each kind has a letter of its own', () => {
    assert.equal(new Set(kinds.map((kind) => kind.letter)).size, kinds.length);
});
