// SPDX-License-Identifier: MIT
// Columns of varints. flamegraph/data.h describes the blocks; boot.js unpacks them.

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

    increases(count) {
        const array = new Uint32Array(count);
        for (let i = 0, value = 0; i < count; i++) array[i] = value += this.signed();
        return array;
    }

    // The fast path of the large columns: most numbers have one or two bytes. Always into the same type of array,
    // so that the loop is compiled for it alone; it changes to doubles when a number needs them.
    column(count) {
        let array = new Uint32Array(count);
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
                const value = this.number();
                if (value > 0xffffffff && array instanceof Uint32Array) array = Float64Array.from(array);
                array[i] = value;
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
