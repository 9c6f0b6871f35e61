// SPDX-License-Identifier: MIT
// Colours of frames: one per kind, a little lighter or darker by name so that neighbours part. The palette
// comes with the page's facts.

const THEMES = {
    light: { ground: '#ffffff', text: '#1a1a1a', root: '#d9dce0', faint: '#8a9099', match: '#d81b60', matchText: '#ffffff' },
    dark: { ground: '#0f1216', text: '#f4f4f4', root: '#3a4048', faint: '#7f8791', match: '#d81b60', matchText: '#ffffff' },
};

function colourParse(hex) {
    return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

// As a canvas pixel: little-endian red, green, blue, alpha.
function colourPixel([r, g, b]) {
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

function colourMix(a, b, share) {
    return a.map((v, i) => Math.round(v + (b[i] - v) * share));
}

const SHADES = 16;
const SHADE_MOST = 0.09;

function shadeOf(name) {
    const hash = Math.imul(name + 1, 0x9e3779b1);
    return ((hash ^ (hash >>> 15)) >>> 0) % SHADES;
}

// Pixels by row, and the same dimmed for rows that a search did not find.
function colourTable(names, facts, kindOfRow, themeName) {
    const theme = THEMES[themeName];
    const ground = colourParse(theme.ground);
    const dimming = themeName === 'dark' ? 0.62 : 0.68;
    const far = colourParse(themeName === 'dark' ? '#ffffff' : '#000000');
    const shades = facts.kinds.map((kind) => Array.from({ length: SHADES }, (_, i) => colourMix(colourParse(kind[themeName]), far, (i * SHADE_MOST) / SHADES)));
    const pixels = Uint32Array.from(shades.flat(), colourPixel);
    const dimmed = Uint32Array.from(shades.flat(), (colour) => colourPixel(colourMix(colour, ground, dimming)));
    const table = { theme, normal: new Uint32Array(names.rows), dim: new Uint32Array(names.rows) };
    for (let row = 0; row < names.rows; row++) {
        const shade = kindOfRow[row] * SHADES + shadeOf(names.name[names.rowFunc[row]]);
        table.normal[row] = pixels[shade];
        table.dim[row] = dimmed[shade];
    }
    table.ground = colourPixel(ground);
    table.root = colourPixel(colourParse(theme.root));
    table.match = colourPixel(colourParse(theme.match));
    table.edge = colourPixel(colourParse(theme.text));
    return table;
}

// Index of the kind by which each row is painted; inlined frames are a kind of their own, the last.
function kindsOfRows(names, facts) {
    const kinds = new Uint8Array(names.rows);
    for (let row = 0; row < names.rows; row++) {
        kinds[row] = names.rowFlags[row] & INLINED ? facts.kinds.length - 1 : names.kind[names.rowFunc[row]];
    }
    return kinds;
}
