// SPDX-License-Identifier: MIT
'use strict';
// The only script that stands in the page as text: unpacks the blocks, first of all the style and the other
// scripts. The page's content policy names the hashes of those two as well, so nothing else can take their place.

function base64Bytes(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
}

// Inflates off the main thread; the Adler-32 at the end is checked on the way.
async function wireInflate(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Unpacks a block of the page; null when there is none. It is dropped then, as it is not needed twice.
async function blockBytes(id) {
    const element = document.getElementById(id);
    if (!element) return null;
    const bytes = await wireInflate(base64Bytes(element.textContent));
    element.remove();
    return bytes;
}

async function blockRun(id, tag) {
    const element = document.createElement(tag);
    element.textContent = new TextDecoder().decode(await blockBytes(id));
    document.head.append(element);
}

function bootFailed(error) {
    const note = document.createElement('p');
    note.className = 'failed';
    note.setAttribute('role', 'alert');
    note.textContent = 'The interactive graph could not start (' + error.message + '). Below is the plain report.';
    document.documentElement.classList.remove('live');
    const plain = document.getElementById('static');
    if (plain) plain.before(note);
    else document.body.append(note);
}

// Set before the plain report is laid out, so that it costs nothing when it is not needed.
document.documentElement.classList.add('live');

addEventListener('DOMContentLoaded', () => {
    blockRun('style-data', 'style').then(() => blockRun('script-data', 'script')).catch(bootFailed);
});

