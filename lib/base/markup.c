// SPDX-License-Identifier: MIT
#include "base/markup.h"

void markup_add(struct strbuf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (c == '&')
            strbuf_adds(out, "&amp;");
        else if (c == '<')
            strbuf_adds(out, "&lt;");
        else if (c == '>')
            strbuf_adds(out, "&gt;");
        else if (c == '"')
            strbuf_adds(out, "&quot;");
        else if (c == '\'')
            strbuf_adds(out, "&#39;");
        else
            strbuf_addc(out, c);
    }
}
