// SPDX-License-Identifier: MIT
/* Connections are opened again and again, and each pays for a handshake with public keys. */
#include "analyze/rules.h"
#include "analyze/share_rule.h"

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    static const struct share_rule handshakes = {
        .part = { .any_frame = TRAIT(TLS_HANDSHAKE) },
        .notice = 0.05,
        .warn = 0.10,
        .work = "TLS handshakes",
        .alternative = "A load generator that opens a connection for each request makes a healthy "
                       "server look like this: drive it with connections that are kept.",
        .advice = {
            .any = "Keep connections open (keep-alive on both sides, a pool in the client), let "
                   "sessions be resumed (tickets), and use an ECDSA certificate: its signature "
                   "costs a tenth of RSA's with 2048 bits.",
            .node = "As a client use one https.Agent with keepAlive: true; as a server raise "
                    "keepAliveTimeout above the proxy's, allow session tickets, and use an ECDSA "
                    "certificate.",
            .python = "Use one requests.Session (or httpx.Client) for all calls; as a server keep "
                      "connections and allow session tickets; use an ECDSA certificate.",
        },
        .commands = { .any = "openssl s_time -connect HOST:PORT -new; "
                             "openssl s_time -connect HOST:PORT -reuse" },
    };
    return share_answer(o, &handshakes, ret_finding);
}

const struct rule rule_tls_handshake = {
    .id = "tls-handshake",
    .title = "Much CPU time goes into TLS handshakes",
    .role = RULE_VERDICT,
    .look = look,
};
