// SPDX-License-Identifier: MIT
#include "flamegraph/shell.h"

#include "flamegraph/assets.h"
#include "flamegraph/html.h"
#include "flamegraph/sha256.h"

/* Each part: that of every page, then the page's own; ASSETS: none. */
static const struct {
    const char *name;
    enum asset script, style, app_style;
} pages[SHELL_PAGES] = {
    [SHELL_FLAME] = { "flame", ASSET_FLAME_SCRIPT, ASSETS, ASSET_FLAME_APP_STYLE },
    [SHELL_DOCTOR] = { "doctor", ASSET_DOCTOR_SCRIPT, ASSET_DOCTOR_STYLE, ASSET_DOCTOR_APP_STYLE },
};

static void add_assets(struct strbuf *out, enum asset first, enum asset second)
{
    *out = (struct strbuf)STRBUF_INIT;
    asset_squeeze(out, asset_text(first));
    if (second != ASSETS)
        asset_squeeze(out, asset_text(second));
}

void shell_init(struct shell *s, enum shell_page page, bool live)
{
    *s = (struct shell){ .page = page, .live = live };
    add_assets(&s->boot, ASSET_BOOT, ASSETS);
    add_assets(&s->script, ASSET_SCRIPT, pages[page].script);
    add_assets(&s->style, ASSET_STYLE, pages[page].style);
    add_assets(&s->app_style, ASSET_APP_STYLE, pages[page].app_style);
}

void shell_done(struct shell *s)
{
    strbuf_done(&s->boot);
    strbuf_done(&s->script);
    strbuf_done(&s->style);
    strbuf_done(&s->app_style);
}

static void add_hash(struct strbuf *out, const struct strbuf *text)
{
    uint8_t digest[SHA256_BYTES];
    sha256(strbuf_slice(text), digest);
    strbuf_adds(out, " 'sha256-");
    base64_add(out, digest, sizeof digest);
    strbuf_addc(out, '\'');
}

static void add_policy(struct strbuf *out, const struct shell *s)
{
    strbuf_adds(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "script-src");
    add_hash(out, &s->boot);
    add_hash(out, &s->script);
    strbuf_adds(out, "; style-src");
    add_hash(out, &s->style);
    add_hash(out, &s->app_style);
    strbuf_adds(out, "; img-src data: blob:; base-uri 'none'; form-action 'none'\">\n");
}

void shell_begin(struct strbuf *out, const struct shell *s, const char *title)
{
    strbuf_addf(out,
        "<!DOCTYPE html>\n<html lang=\"en\" class=\"%s\"><head><meta charset=\"utf-8\">\n",
        pages[s->page].name);
    add_policy(out, s);
    strbuf_adds(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n"
                     "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    html_short(out, slice_of(title), HTML_SHORT_MAX);
    strbuf_adds(out, " - prof</title>\n<style>");
    strbuf_addslice(out, strbuf_slice(&s->style));
    strbuf_adds(out, "</style>\n");
    if (s->live) {
        strbuf_adds(out, "<script>");
        strbuf_addslice(out, strbuf_slice(&s->boot));
        strbuf_adds(out, "</script>\n");
    }
    strbuf_adds(out, "</head>\n<body>\n");
}

void shell_end(struct strbuf *out, const struct shell *s)
{
    if (s->live) {
        html_block(out, "style-data", strbuf_slice(&s->app_style));
        html_block(out, "script-data", strbuf_slice(&s->script));
    }
    strbuf_adds(out, "</body></html>\n");
}
