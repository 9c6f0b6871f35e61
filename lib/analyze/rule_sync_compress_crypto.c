// SPDX-License-Identifier: MIT
/*
 * Compression, hashing or key derivation on the thread of the event loop. The bulk cipher of TLS
 * and its handshakes run there in every server and are no fault of the program.
 */
#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/share_rule.h"

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    if (!o->loop)
        return ANSWER_SILENT;
    const struct share_rule heavy = {
        .part = { .thread = o->loop->id,
            .any_frame = TRAIT(COMPRESS) | TRAIT(CRYPTO),
            .no_frame = TRAIT(TLS) | TRAIT(TLS_HANDSHAKE) | TRAIT(GC) },
        .whole = { .thread = o->loop->id },
        .notice = 0.10,
        .warn = 0.20,
        .work = "compression or cryptography on the event loop's own thread",
        .alternative = "A server that encrypts much data (TLS without sendfile) spends time in the "
                       "cipher itself: then the caller is the TLS layer, and nothing is wrong.",
        .advice = {
            .any = "Move it to a thread of its own, or cache its results.",
            .node = "Use the asynchronous form (zlib.gzip, crypto.pbkdf2, crypto.scrypt instead of "
                    "*Sync), which runs in the thread pool; cache compressed answers, or let the "
                    "proxy in front compress.",
            .python = "Run it in an executor (asyncio.to_thread): zlib and hashlib let other threads "
                      "run meanwhile.",
        },
    };
    return share_answer(o, &heavy, ret_finding);
}

const struct rule rule_sync_compress_crypto = {
    .id = "sync-compress-crypto",
    .title = "Compression or cryptography blocks the event loop",
    .role = RULE_VERDICT,
    .look = look,
};
