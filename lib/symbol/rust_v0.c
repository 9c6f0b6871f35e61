// SPDX-License-Identifier: MIT
/*
 * Rust's v0 mangling (RFC 2603): a recursive printer over the text behind "_R".
 *
 *     path  C ident | M impl type | X impl type path | Y type path | N ns path ident | I path args
 * E type  letter | A type const | S type | T types E | R Q P O type | F signature | D bounds | path
 *     B number_ anywhere: print again what stands at that position
 */
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "symbol/demangle.h"

enum {
    STEPS_MAX = 20000, /* productions, so that silent recursion ends too */
    PUNYCODE_MAX = 256,
};

struct v0 {
    struct slice text; /* behind "_R" */
    size_t at;
    struct strbuf *out;
    size_t limit; /* out->len must stay below */
    int depth;
    int steps;
    bool silent;  /* parse without printing */
    bool invalid; /* not v0, or too deep */
    uint64_t bound_lifetimes;
};

static void print_path(struct v0 *v, bool in_value);
static void print_type(struct v0 *v);
static void print_const(struct v0 *v);

static bool stopped(const struct v0 *v)
{
    return v->invalid || (!v->silent && v->out->len >= v->limit);
}

static char peek(const struct v0 *v)
{
    return v->at < v->text.len ? v->text.ptr[v->at] : '\0';
}

static char next(struct v0 *v)
{
    const char c = peek(v);
    if (v->at < v->text.len)
        v->at++;
    else
        v->invalid = true;
    return c;
}

static bool eat(struct v0 *v, char c)
{
    if (peek(v) != c)
        return false;
    v->at++;
    return true;
}

static void put(struct v0 *v, const char *text)
{
    if (!v->silent && !stopped(v))
        strbuf_adds(v->out, text);
}

static void put_slice(struct v0 *v, struct slice s)
{
    if (!v->silent && !stopped(v))
        strbuf_addslice(v->out, s);
}

static void put_number(struct v0 *v, uint64_t n)
{
    if (!v->silent && !stopped(v))
        strbuf_addf(v->out, "%" PRIu64, n);
}

static bool enter(struct v0 *v)
{
    if (++v->depth > DEMANGLE_DEPTH_MAX || ++v->steps > STEPS_MAX)
        v->invalid = true;
    return !stopped(v);
}

static void leave(struct v0 *v)
{
    v->depth--;
}

/* base-62 number: "_" is 0, "0_" is 1, ... */
static uint64_t base62(struct v0 *v)
{
    uint64_t value = 0;
    if (eat(v, '_'))
        return 0;
    for (;;) {
        const char c = next(v);
        uint64_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'z')
            digit = (uint64_t)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'Z')
            digit = (uint64_t)(c - 'A') + 36;
        else
            digit = 62;
        if (c == '_' && !v->invalid)
            return value + 1;
        if (digit == 62 || value > (UINT64_MAX - digit) / 62 - 1) {
            v->invalid = true;
            return 0;
        }
        value = value * 62 + digit;
    }
}

static uint64_t optional_base62(struct v0 *v, char tag)
{
    return eat(v, tag) ? base62(v) + 1 : 0;
}

/* ---- identifiers ---- */

struct ident {
    struct slice text;
    bool punycode;
};

static struct ident read_ident(struct v0 *v)
{
    struct ident id = { .punycode = eat(v, 'u') };
    size_t len = 0;
    if (peek(v) < '0' || peek(v) > '9')
        v->invalid = true;
    while (!v->invalid && peek(v) >= '0' && peek(v) <= '9' && len <= DEMANGLE_INPUT_MAX)
        len = len * 10 + (size_t)(next(v) - '0');
    (void)eat(v, '_');
    if (v->invalid || len > v->text.len - v->at) {
        v->invalid = true;
        return id;
    }
    id.text = (struct slice){ v->text.ptr + v->at, len };
    v->at += len;
    return id;
}

static int punycode_digit(char c)
{
    if (c >= 'a' && c <= 'z')
        return c - 'a';
    return c >= '0' && c <= '9' ? c - '0' + 26 : -1;
}

/* RFC 3492, section 6.1. */
static uint32_t punycode_adapt(uint32_t delta, uint32_t count, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / 700 : delta / 2;
    delta += delta / count;
    while (delta > 455) {
        delta /= 35;
        k += 36;
    }
    return k + 36 * delta / (delta + 38);
}

/* One generalised variable-length number (RFC 3492, section 3.3). */
static bool punycode_delta(struct slice *s, uint32_t bias, uint32_t *ret_delta)
{
    uint64_t delta = 0, weight = 1;
    for (uint32_t k = 36;; k += 36) {
        const int digit = s->len ? punycode_digit(s->ptr[0]) : -1;
        if (digit < 0)
            return false;
        *s = slice_skip(*s, 1);
        const uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        delta += (uint64_t)digit * weight;
        if (delta > INT32_MAX)
            return false;
        if ((uint32_t)digit < t)
            break;
        weight *= 36 - t;
        if (weight > INT32_MAX)
            return false;
    }
    *ret_delta = (uint32_t)delta;
    return true;
}

/* Rust writes '_' where RFC 3492 has '-' between the ASCII part and the rest. */
static bool put_punycode(struct v0 *v, struct slice s)
{
    uint32_t points[PUNYCODE_MAX], count = 0, n = 128, i = 0, bias = 72;
    const size_t split = slice_rfind(s, '_');
    const struct slice ascii = { s.ptr, split < s.len ? split : 0 };
    struct slice rest = split < s.len ? slice_skip(s, split + 1) : s;
    if (ascii.len >= PUNYCODE_MAX)
        return false;
    while (count < ascii.len)
        points[count] = (unsigned char)ascii.ptr[count], count++;
    while (rest.len) {
        uint32_t delta;
        if (count == PUNYCODE_MAX || !punycode_delta(&rest, bias, &delta))
            return false;
        const uint32_t old = i;
        i += delta;
        count++;
        bias = punycode_adapt(i - old, count, old == 0);
        n += i / count;
        i %= count;
        if (n > 0x10ffff)
            return false;
        memmove(points + i + 1, points + i, (count - 1 - i) * sizeof *points);
        points[i++] = n;
    }
    for (uint32_t k = 0; k < count && !v->silent && !stopped(v); k++)
        utf8_encode(v->out, points[k]);
    return true;
}

static void put_ident(struct v0 *v, struct ident id)
{
    if (!id.punycode) {
        put_slice(v, id.text);
        return;
    }
    if (put_punycode(v, id.text))
        return;
    put(v, "punycode{");
    put_slice(v, id.text);
    put(v, "}");
}

/* ---- back references ---- */

/* Jumps to an earlier position, runs print, comes back. Nothing is printed again while silent. */
static void follow(struct v0 *v, void (*print)(struct v0 *))
{
    const size_t here = v->at - 1; /* of the 'B' */
    const uint64_t target = base62(v);
    if (v->invalid || target >= here) {
        v->invalid = true;
        return;
    }
    if (v->silent)
        return;
    const size_t back = v->at;
    v->at = (size_t)target;
    print(v);
    v->at = back;
}

static void print_path_in_value(struct v0 *v)
{
    print_path(v, true);
}

static void print_path_in_type(struct v0 *v)
{
    print_path(v, false);
}

/* ---- lifetimes and binders ---- */

static void put_lifetime(struct v0 *v, uint64_t index)
{
    if (index == 0) {
        put(v, "'_");
        return;
    }
    if (index > v->bound_lifetimes) {
        v->invalid = true;
        return;
    }
    const uint64_t name = v->bound_lifetimes - index;
    const char text[] = { '\'', (char)('a' + name % 26), '\0' };
    put(v, text);
    if (name >= 26)
        put_number(v, name / 26);
}

/* "for<'a, 'b> "; the caller takes the lifetimes off again. */
static uint64_t enter_binder(struct v0 *v)
{
    const uint64_t count = optional_base62(v, 'G');
    if (count > DEMANGLE_DEPTH_MAX) {
        v->invalid = true;
        return 0;
    }
    for (uint64_t i = 0; i < count; i++) {
        v->bound_lifetimes++;
        put(v, i ? ", " : "for<");
        put_lifetime(v, 1);
    }
    if (count)
        put(v, "> ");
    return count;
}

/* ---- paths ---- */

static void skip_impl_path(struct v0 *v)
{
    const bool silent = v->silent;
    v->silent = true;
    (void)optional_base62(v, 's');
    print_path(v, false);
    v->silent = silent;
}

static void print_generic_arg(struct v0 *v)
{
    if (eat(v, 'L'))
        put_lifetime(v, base62(v));
    else if (eat(v, 'K'))
        print_const(v);
    else
        print_type(v);
}

static void print_list(struct v0 *v, void (*print)(struct v0 *))
{
    for (bool first = true; !stopped(v) && !eat(v, 'E'); first = false) {
        if (!first)
            put(v, ", ");
        print(v);
    }
}

static void print_nested(struct v0 *v, bool in_value)
{
    const char space = next(v);
    print_path(v, in_value);
    const uint64_t number = optional_base62(v, 's');
    const struct ident id = read_ident(v);
    const bool special = space >= 'A' && space <= 'Z';
    if (!special) {
        if (id.text.len)
            put(v, "::");
        put_ident(v, id);
        return;
    }
    put(v, space == 'C' ? "::{closure" : space == 'S' ? "::{shim" : "::{other");
    if (id.text.len) {
        put(v, ":");
        put_ident(v, id);
    }
    put(v, "#");
    put_number(v, number);
    put(v, "}");
}

static void print_impl(struct v0 *v, char tag)
{
    if (tag != 'Y')
        skip_impl_path(v);
    put(v, "<");
    print_type(v);
    if (tag != 'M') {
        put(v, " as ");
        print_path(v, false);
    }
    put(v, ">");
}

static void print_path(struct v0 *v, bool in_value)
{
    if (enter(v)) {
        const char tag = next(v);
        if (tag == 'C') {
            (void)optional_base62(v, 's');
            put_ident(v, read_ident(v));
        } else if (tag == 'N') {
            print_nested(v, in_value);
        } else if (tag == 'M' || tag == 'X' || tag == 'Y') {
            print_impl(v, tag);
        } else if (tag == 'I') {
            print_path(v, in_value);
            put(v, in_value ? "::<" : "<");
            print_list(v, print_generic_arg);
            put(v, ">");
        } else if (tag == 'B') {
            follow(v, in_value ? print_path_in_value : print_path_in_type);
        } else {
            v->invalid = true;
        }
    }
    leave(v);
}

/* ---- types ---- */

static const char *basic_type(char tag)
{
    static const struct {
        char tag;
        const char *name;
    } rows[] = { { 'b', "bool" }, { 'c', "char" }, { 'e', "str" }, { 'u', "()" }, { 'a', "i8" },
        { 's', "i16" }, { 'l', "i32" }, { 'x', "i64" }, { 'n', "i128" }, { 'i', "isize" },
        { 'h', "u8" }, { 't', "u16" }, { 'm', "u32" }, { 'y', "u64" }, { 'o', "u128" },
        { 'j', "usize" }, { 'f', "f32" }, { 'd', "f64" }, { 'z', "!" }, { 'p', "_" },
        { 'v', "..." } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].tag == tag)
            return rows[i].name;
    return NULL;
}

static void print_function_type(struct v0 *v)
{
    const uint64_t bound = enter_binder(v);
    if (eat(v, 'U'))
        put(v, "unsafe ");
    if (eat(v, 'K')) {
        put(v, "extern \"");
        if (eat(v, 'C'))
            put(v, "C");
        else
            put_ident(v, read_ident(v));
        put(v, "\" ");
    }
    put(v, "fn(");
    print_list(v, print_type);
    put(v, ")");
    if (!eat(v, 'u')) {
        put(v, " -> ");
        print_type(v);
    }
    v->bound_lifetimes -= bound;
}

/* A trait and what its associated types are: "Iterator<Item = u8>". */
static void print_dyn_trait(struct v0 *v)
{
    print_path(v, false);
    bool open = false;
    while (!stopped(v) && eat(v, 'p')) {
        put(v, open ? ", " : "<");
        open = true;
        put_ident(v, read_ident(v));
        put(v, " = ");
        print_type(v);
    }
    if (open)
        put(v, ">");
}

static void print_dyn(struct v0 *v)
{
    put(v, "dyn ");
    const uint64_t bound = enter_binder(v);
    for (bool first = true; !stopped(v) && !eat(v, 'E'); first = false) {
        if (!first)
            put(v, " + ");
        print_dyn_trait(v);
    }
    v->bound_lifetimes -= bound;
    if (!eat(v, 'L')) {
        v->invalid = true;
        return;
    }
    const uint64_t lifetime = base62(v);
    if (lifetime) {
        put(v, " + ");
        put_lifetime(v, lifetime);
    }
}

static void print_reference(struct v0 *v, const char *after)
{
    put(v, "&");
    if (eat(v, 'L')) {
        const uint64_t lifetime = base62(v);
        if (lifetime) {
            put_lifetime(v, lifetime);
            put(v, " ");
        }
    }
    put(v, after);
    print_type(v);
}

static void print_sequence(struct v0 *v, char tag)
{
    put(v, "[");
    print_type(v);
    if (tag == 'A') {
        put(v, "; ");
        print_const(v);
    }
    put(v, "]");
}

static void print_tuple(struct v0 *v)
{
    put(v, "(");
    size_t count = 0;
    for (; !stopped(v) && !eat(v, 'E'); count++) {
        if (count)
            put(v, ", ");
        print_type(v);
    }
    put(v, count == 1 ? ",)" : ")");
}

static void print_compound_type(struct v0 *v, char tag)
{
    switch (tag) {
    case 'R':
        print_reference(v, "");
        return;
    case 'Q':
        print_reference(v, "mut ");
        return;
    case 'P':
        put(v, "*const ");
        print_type(v);
        return;
    case 'O':
        put(v, "*mut ");
        print_type(v);
        return;
    case 'A':
    case 'S':
        print_sequence(v, tag);
        return;
    case 'T':
        print_tuple(v);
        return;
    case 'F':
        print_function_type(v);
        return;
    case 'D':
        print_dyn(v);
        return;
    case 'B':
        follow(v, print_type);
        return;
    }
    v->at--;
    print_path(v, false);
}

static void print_type(struct v0 *v)
{
    if (enter(v)) {
        const char tag = next(v);
        const char *basic = basic_type(tag);
        if (basic)
            put(v, basic);
        else if (!v->invalid)
            print_compound_type(v, tag);
    }
    leave(v);
}

/* ---- constants ---- */

/* "2a_" in hex; more than 64 bits are printed as they stand. */
static void print_integer(struct v0 *v, char type)
{
    if (eat(v, 'n'))
        put(v, "-");
    const struct slice rest = slice_skip(v->text, v->at);
    const struct slice digits = { rest.ptr, slice_find(rest, '_') };
    uint64_t value = 0;
    const bool small = digits.len == 0 || slice_to_u64(digits, 16, &value);
    if (digits.len == rest.len || (!small && digits.len <= 16)) {
        v->invalid = true;
        return;
    }
    v->at += digits.len + 1;
    if (type == 'b' && small && value <= 1) {
        put(v, value ? "true" : "false");
    } else if (type == 'c' && small && value >= 0x20 && value <= 0x10ffff) {
        put(v, "'");
        if (!v->silent && !stopped(v))
            utf8_encode(v->out, (uint32_t)value);
        put(v, "'");
    } else if (small) {
        put_number(v, value);
    } else {
        put(v, "0x");
        put_slice(v, digits);
    }
}

static void print_const(struct v0 *v)
{
    if (enter(v)) {
        const char type = next(v);
        if (type == 'p')
            put(v, "_");
        else if (type == 'B')
            follow(v, print_const);
        else if (type && strchr("bcaslxnihtmyoj", type))
            print_integer(v, type);
        else
            v->invalid = true;
    }
    leave(v);
}

bool rust_demangle_v0(struct slice symbol, struct strbuf *out)
{
    if (!slice_starts(symbol, "_R") || symbol.len > DEMANGLE_INPUT_MAX || symbol.len < 4 ||
        symbol.ptr[2] < 'A' || symbol.ptr[2] > 'Z')
        return false;
    const size_t start = out->len;
    struct v0 v = {
        .text = slice_skip(symbol, 2), .out = out, .limit = start + DEMANGLE_OUTPUT_MAX
    };
    print_path(&v, true);
    const bool cut = out->len >= v.limit;
    if (!v.invalid && !cut && peek(&v) >= 'A' && peek(&v) <= 'Z') {
        v.silent = true; /* the crate that asked for the instance */
        print_path(&v, false);
    }
    const char after = peek(&v);
    if (v.invalid || (!cut && after != '\0' && after != '.' && after != '$')) {
        out->len = start;
        if (out->cap)
            out->ptr[start] = '\0';
        return false;
    }
    if (cut)
        strbuf_adds(out, "...");
    return out->len > start;
}
