// SPDX-License-Identifier: MIT
#include "cmd/redact.h"

#include <string.h>
#include <strings.h>

#include "base/compiler.h"

static const char hidden[] = "[redacted]";

/* In an option, a variable or a header: what is behind it is a secret. Rather too many than one too
 * few. */
static const char *const secret_names[] = { "passw", "passphrase", "pwd", "secret", "token", "key",
    "auth", "credential", "cookie", "session", "bearer", "private", "signature", "dsn" };

/* Beginnings of well-known kinds of access tokens. */
static const char *const secret_values[] = { "ghp_", "gho_", "ghs_", "github_pat_", "glpat-",
    "xoxb-", "xoxp-", "sk-", "sk_live_", "AKIA", "ASIA", "AIza", "eyJ", "npm_", "pypi-",
    "-----BEGIN" };

static bool contains_word(struct slice text, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= text.len; i++)
        if (strncasecmp(text.ptr + i, word, len) == 0)
            return true;
    return false;
}

static bool names_secret(struct slice text)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(secret_names); i++)
        if (contains_word(text, secret_names[i]))
            return true;
    return false;
}

static bool is_secret(struct slice value)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(secret_values); i++)
        if (slice_starts(value, secret_values[i]))
            return true;
    return false;
}

static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:=,@%",
                text.ptr[i]) ||
            text.ptr[i] == '\0')
            return false;
    return text.len > 0;
}

static void add_quoted(struct strbuf *out, struct slice text)
{
    if (is_plain(text)) {
        strbuf_addslice(out, text);
        return;
    }
    strbuf_addc(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'')
            strbuf_adds(out, "'\\''");
        else
            strbuf_addc(out, text.ptr[i]);
    }
    strbuf_addc(out, '\'');
}

/* Replaces the password of every scheme://user:password@host in text. */
static void add_without_url_passwords(struct strbuf *out, struct slice text)
{
    for (size_t at = 0; at < text.len;) {
        struct slice rest = slice_skip(text, at);
        if (!slice_starts(rest, "://")) {
            strbuf_addc(out, text.ptr[at++]);
            continue;
        }
        size_t host = 3, colon = 0, sign = 0;
        for (; host < rest.len && !strchr("/?# \t\"'", rest.ptr[host]); host++) {
            if (rest.ptr[host] == ':' && !colon)
                colon = host;
            if (rest.ptr[host] == '@')
                sign = host;
        }
        size_t keep = colon && sign > colon ? colon + 1 : host;
        strbuf_add(out, rest.ptr, keep);
        if (keep < host)
            strbuf_adds(out, hidden);
        at += keep < host ? sign : host;
    }
}

/* One argument; the value behind a telling name, or one that looks like a token, is left out. */
static void add_argument(struct strbuf *out, struct slice arg)
{
    PROF_CLEANUP(strbuf_done) struct strbuf shown = STRBUF_INIT;
    size_t equals = slice_find(arg, '='), colon = slice_find(arg, ':');
    size_t cut = equals < colon ? equals : colon;
    struct slice name = { arg.ptr, cut };
    struct slice value = cut < arg.len ? slice_trim(slice_skip(arg, cut + 1)) : arg;
    bool url = slice_starts(slice_skip(arg, colon), "://") && colon < equals;
    if (cut < arg.len && !url && (names_secret(name) || is_secret(value))) {
        strbuf_add(&shown, arg.ptr, cut + 1);
        strbuf_adds(&shown, hidden);
    } else if (is_secret(arg)) {
        strbuf_adds(&shown, hidden);
    } else {
        add_without_url_passwords(&shown, arg);
    }
    add_quoted(out, strbuf_slice(&shown));
}

void redact_command(const struct slice *args, size_t count, bool show_args, struct strbuf *out)
{
    if (count == 0)
        return;
    if (!show_args) {
        strbuf_addslice(out, slice_basename(args[0]));
        if (count > 1)
            strbuf_addf(out, " (%zu argument%s)", count - 1, count == 2 ? "" : "s");
        return;
    }
    bool hide_next = false;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            strbuf_addc(out, ' ');
        bool option = slice_starts(args[i], "-");
        if (hide_next && !option)
            strbuf_adds(out, hidden);
        else
            add_argument(out, args[i]);
        bool has_value = slice_find(args[i], '=') < args[i].len;
        hide_next = i > 0 && option && !has_value && names_secret(args[i]);
    }
}
