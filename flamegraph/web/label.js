// SPDX-License-Identifier: MIT
// Names that fit: first without the parameters, then without namespaces or folders, at last cut in the
// middle, so that a number at the end stays.

// Shorter forms of a name, longest first.
function labelForms(name) {
    const forms = [name];
    const bare = name.replace(/\((?!anonymous|closure)[^()]*\)( const)?$/, '');
    if (bare && bare !== name) forms.push(bare);
    let rest = bare || name;
    for (let left = 6; left > 0; left--) {
        const shorter = labelDropPrefix(rest);
        if (shorter === rest) break;
        forms.push(shorter);
        rest = shorter;
    }
    return forms;
}

// The longest form of at most max characters, or the shortest there is.
function labelShort(name, max) {
    const forms = labelForms(name);
    return forms.find((form) => form.length <= max) || forms[forms.length - 1];
}

// Without the first namespace or folder; what stands in <>, () or [] is not looked into.
function labelDropPrefix(name) {
    for (let i = 0, nested = 0; i < name.length - 2; i++) {
        const c = name[i];
        if (c === '<' || c === '(' || c === '[') nested++;
        else if (c === '>' || c === ')' || c === ']') nested--;
        else if (nested <= 0 && i > 0 && c === ':' && name[i + 1] === ':') return name.slice(i + 2);
        else if (nested <= 0 && c === '/' && i + 1 < name.length) return name.slice(i + 1);
    }
    return name;
}

// Widths of single characters, so that labels need no measuring by the browser.
class LabelFont {
    constructor(context, font) {
        this.context = context;
        this.font = font;
        this.widths = new Map();
        this.ascii = new Float32Array(128);
        context.font = font;
        for (let c = 32; c < 127; c++) this.ascii[c] = context.measureText(String.fromCharCode(c)).width;
        this.dots = context.measureText('…').width;
    }

    charWidth(text, i) {
        const code = text.charCodeAt(i);
        if (code < 128) return this.ascii[code];
        const char = text[i];
        if (!this.widths.has(char)) {
            this.context.font = this.font;
            this.widths.set(char, this.context.measureText(char).width);
        }
        return this.widths.get(char);
    }

    // Width of text, or Infinity as soon as it passes limit.
    width(text, limit) {
        let sum = 0;
        for (let i = 0; i < text.length; i++) {
            sum += this.charWidth(text, i);
            if (sum > limit) return Infinity;
        }
        return sum;
    }

    // The longest of forms that fits, or the last one cut in the middle; '' when not even that helps.
    fit(forms, room) {
        for (const form of forms) if (this.width(form, room) <= room) return form;
        return this.cut(forms[forms.length - 1], room);
    }

    cut(text, room) {
        let left = 0;
        let right = text.length;
        let used = this.dots;
        for (let turn = 0; left < right; turn++) {
            const head = turn % 3 !== 2;
            used += this.charWidth(text, head ? left : right - 1);
            if (used > room) break;
            if (head) left++;
            else right--;
        }
        if (left < 2) return '';
        return text.slice(0, left) + '…' + text.slice(right);
    }
}
