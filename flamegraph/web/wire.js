// SPDX-License-Identifier: MIT
// Bytes of a data block: base64, zlib, columns of varints. flamegraph/data.h describes the blocks.

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

// Reads varints one after the other. Numbers above 2^53 lose their last bits; times and sums stay far below.
class WireReader {
    constructor(bytes) {
        this.bytes = bytes;
        this.at = 0;
    }

    number() {
        let value = 0;
        let scale = 1;
        for (;;) {
            const byte = this.bytes[this.at++];
            if (byte === undefined) throw new Error('a data block of this page ends too early');
            value += (byte & 127) * scale;
            if (byte < 128) return value;
            scale *= 128;
        }
    }

    signed() {
        const value = this.number();
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }

    // The fast path of the large columns: most numbers have one or two bytes.
    column(count, array) {
        const bytes = this.bytes;
        let at = this.at;
        for (let i = 0; i < count; i++) {
            const first = bytes[at];
            if (first < 128) {
                array[i] = first;
                at++;
            } else if (bytes[at + 1] < 128) {
                array[i] = (first & 127) | (bytes[at + 1] << 7);
                at += 2;
            } else {
                this.at = at;
                array[i] = this.number();
                at = this.at;
            }
        }
        this.at = at;
        if (at > bytes.length) throw new Error('a data block of this page ends too early');
        return array;
    }

    slice(length) {
        this.at += length;
        return this.bytes.subarray(this.at - length, this.at);
    }
}
