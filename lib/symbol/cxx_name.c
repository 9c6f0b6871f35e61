// SPDX-License-Identifier: MIT
/*
 * "std::vector<int>& ns::Set<int>::find<char>(char const*, int) const [clone .isra.0]"
 *     -> "ns::Set<int>::find<char>"
 * One pass over the text with a stack of open brackets; whatever does not nest stays as it is.
 */
#include <string.h>

#include "symbol/demangle.h"

enum { NESTING_MAX = 256 };

struct brackets {
    char open[NESTING_MAX];
    int depth;
    bool broken;
};

static void push(struct brackets *b, char c)
{
    if (b->depth < NESTING_MAX)
        b->open[b->depth++] = c;
    else
        b->broken = true;
}

static void pop(struct brackets *b, char c)
{
    const bool matches = b->depth > 0 && b->open[b->depth - 1] == c;
    if (matches)
        b->depth--;
    else if (c != '<') /* "->" and comparisons inside parentheses */
        b->broken = true;
}

static void feed(struct brackets *b, char c)
{
    switch (c) {
    case '<':
    case '(':
    case '[':
    case '{':
        push(b, c);
        break;
    case '>':
        pop(b, '<');
        break;
    case ')':
        pop(b, '(');
        break;
    case ']':
        pop(b, '[');
        break;
    case '}':
        pop(b, '{');
        break;
    }
}

static bool is_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* Length of "operator" and its symbol, when s starts with one: their brackets are no brackets. */
static size_t operator_at(struct slice s, char before)
{
    static const char *const symbols[] = { "()", "[]", "<=>", "<<=", ">>=", "->*", "->", "<<", ">>",
        "<=", ">=", "<", ">" };
    const size_t word = sizeof "operator" - 1;
    if (!slice_starts(s, "operator") || is_word(before) || (s.len > word && is_word(s.ptr[word])))
        return 0;
    const struct slice symbol = slice_skip(s, word);
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++)
        if (slice_starts(symbol, symbols[i]))
            return word + strlen(symbols[i]);
    return word;
}

static struct slice without_suffix(struct slice s, const char *suffix)
{
    return slice_ends(s, suffix) ? (struct slice){ s.ptr, s.len - strlen(suffix) } : s;
}

/* Without trailing [clone ...] and the qualifiers of member functions. */
static struct slice without_qualifiers(struct slice s)
{
    static const char *const words[] = { " const", " volatile", " &&", " &", " noexcept" };
    for (;;) {
        const size_t before = s.len;
        if (slice_ends(s, "]")) {
            const char *clone = memmem(s.ptr, s.len, " [clone ", 8);
            if (clone)
                s.len = (size_t)(clone - s.ptr);
        }
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            s = without_suffix(s, words[i]);
        if (s.len == before)
            return s;
    }
}

/* Where the parenthesis that closes at the end of s was opened; s.len: there is none. */
static size_t parameters_start(struct slice s)
{
    if (!slice_ends(s, ")"))
        return s.len;
    int depth = 0;
    for (size_t i = s.len; i-- > 0;) {
        depth += s.ptr[i] == ')';
        depth -= s.ptr[i] == '(';
        if (depth == 0)
            return i;
    }
    return s.len;
}

static struct slice without_parameters(struct slice s)
{
    const struct slice bare = without_qualifiers(s);
    const size_t at = parameters_start(bare);
    const struct slice name = { bare.ptr, at };
    const bool is_list = at < bare.len && at > 0 && !slice_ends(name, "operator") &&
                         !slice_is(slice_skip(bare, at), "(anonymous namespace)");
    return is_list ? name : s;
}

/* The name starts after the last space that is outside all brackets and before an operator. */
static struct slice without_result(struct slice s)
{
    struct brackets b = { .depth = 0 };
    size_t start = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (b.depth == 0 && operator_at(slice_skip(s, i), i ? s.ptr[i - 1] : ' '))
            break;
        feed(&b, s.ptr[i]);
        if (b.broken)
            return s;
        if (b.depth == 0 && s.ptr[i] == ' ')
            start = i + 1;
    }
    return slice_skip(s, start);
}

/* Length of a parameter list in the middle: "outer(int) const::{lambda()#1}". */
static size_t inner_parameters(struct slice s)
{
    if (!slice_starts(s, "(") || slice_starts(s, "(anonymous"))
        return 0;
    int depth = 0;
    for (size_t i = 0; i < s.len; i++) {
        depth += s.ptr[i] == '(';
        depth -= s.ptr[i] == ')';
        if (depth != 0)
            continue;
        const struct slice rest = slice_skip(s, i + 1);
        if (slice_starts(rest, " const::"))
            return i + 1 + sizeof " const" - 1;
        return slice_starts(rest, "::") ? i + 1 : 0;
    }
    return 0;
}

struct shorthand {
    const char *longer;
    const char *shorter;
};

static size_t shorthand_at(struct slice s, struct strbuf *out)
{
    static const struct shorthand rows[] = {
        { "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
            "std::string" },
        { "std::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string" },
        { "std::basic_string_view<char, std::char_traits<char> >", "std::string_view" },
        { "std::basic_ostream<char, std::char_traits<char> >", "std::ostream" },
    };
    if (!slice_starts(s, "std::"))
        return 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!slice_starts(s, rows[i].longer))
            continue;
        strbuf_adds(out, rows[i].shorter);
        const size_t len = strlen(rows[i].longer);
        return slice_starts(slice_skip(s, len), " >") ? len + 1 : len;
    }
    return 0;
}

void cxx_shorten(struct slice declaration, struct strbuf *out)
{
    const struct slice name = without_result(without_parameters(declaration));
    const size_t limit = out->len + DEMANGLE_OUTPUT_MAX;
    struct brackets b = { .depth = 0 };
    for (size_t i = 0; i < name.len && out->len < limit;) {
        const struct slice rest = slice_skip(name, i);
        const size_t operator_len = operator_at(rest, i ? name.ptr[i - 1] : ' ');
        size_t skip = shorthand_at(rest, out);
        if (skip == 0 && b.depth == 0 && operator_len == 0)
            skip = inner_parameters(rest);
        if (operator_len)
            strbuf_add(out, rest.ptr, skip = operator_len);
        if (skip == 0) {
            feed(&b, rest.ptr[0]);
            strbuf_addc(out, rest.ptr[0]);
            skip = 1;
        }
        i += skip;
    }
    if (out->len >= limit)
        strbuf_adds(out, "...");
}
